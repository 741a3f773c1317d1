"""Reads names, signatures and docstrings from the sources without running them.

A page is then the same whatever version of Python writes it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Characters in a line of code that the site shows without scrolling.
LINE = 80


def source_of(module: str) -> Path:
    """The file of one of our modules."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def definition(module: str, name: str) -> tuple[Path, ast.stmt]:
    """The file and the statement that define a public name, through any re-exports."""
    path = source_of(module)
    tree = tree_of(path)
    for node in tree.body:
        defines = getattr(node, "name", None) == name or name in assigned(node)
        if defines and not is_overload(node):
            return path, node
    for node in ast.walk(tree):  # imports for type checkers stand below an `if`
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return definition(str(node.module), name)
    raise LookupError(f"{module} has no {name}")


def assigned(node: ast.stmt) -> set[str]:
    """The names that a statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def public_names(module: str) -> list[str]:
    """A module's `__all__`, without names such as `__version__`."""
    for node in tree_of(source_of(module)).body:
        if isinstance(node, ast.Assign) and "__all__" in assigned(node):
            return [name for name in ast.literal_eval(node.value) if not name.startswith("__")]
    raise LookupError(f"{module} has no __all__")


def docstring(node: ast.AST) -> str:
    """A docstring, which is Markdown."""
    return ast.get_docstring(node) or ""  # type: ignore[arg-type]


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join((text or "").split("\n\n")[0].split())
    return re.split(r"(?<!et al)\. ", paragraph)[0].rstrip(".") + "."


def signature(node: ast.FunctionDef, *, method: bool = False) -> str:
    """`name(arguments) -> returned type`, without `self` or `cls`; long ones on several lines."""
    words = list(_arguments(node.args))
    if method and not decorated(node, "staticmethod"):
        del words[0]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"{node.name}({', '.join(words)}){returns}"
    if len(line) <= LINE:
        return line
    return f"{node.name}(\n    " + ",\n    ".join(words) + f",\n){returns}"


def _arguments(given: ast.arguments) -> Iterator[str]:
    """Each argument as PEP 8 writes it, which `ast.unparse` does not: `n: int = 64`."""
    places = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(places) - len(given.defaults)) + list(given.defaults)
    for number, (argument, default) in enumerate(zip(places, defaults, strict=True), start=1):
        yield _argument(argument, default)
        if number == len(given.posonlyargs):
            yield "/"
    if given.vararg:
        yield "*" + _argument(given.vararg, None)
    elif given.kwonlyargs:
        yield "*"
    yield from map(_argument, given.kwonlyargs, given.kw_defaults)
    if given.kwarg:
        yield "**" + _argument(given.kwarg, None)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    return f"{text}{' = ' if argument.annotation else '='}{ast.unparse(default)}"


def decorated(node: ast.FunctionDef, name: str) -> bool:
    """Whether a function has a decorator of that name."""
    return any(name in ast.unparse(decorator) for decorator in node.decorator_list)


def is_overload(node: ast.stmt) -> bool:
    """Whether it is a signature for type checkers, beside the function itself."""
    return isinstance(node, ast.FunctionDef) and decorated(node, "overload")


def comment_above(path: Path, line: int) -> str:
    """The `#:` comment above the statement that begins at a line (counted from 1)."""
    lines = path.read_text(encoding="utf-8").splitlines()[: line - 1]
    comment: list[str] = []
    while lines and lines[-1].strip().startswith("#:"):
        comment.insert(0, lines.pop().strip().removeprefix("#:").strip())
    return " ".join(comment)


# --- Markdown ---------------------------------------------------------------------------------


def code(text: str, language: str = "python") -> str:
    """A fenced block."""
    return f"```{language}\n{text}\n```"


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    heads = list(header)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
