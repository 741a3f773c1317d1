"""Write docs/reference/ from the code, or with --check say which of its pages are stale.

    python tools/make_reference_pages.py [--check]

Names, signatures and docstrings are read from the sources and never from a running program, so
that the pages are the same whatever version of Python or click wrote them. Commands are imported,
and the table of checks, which needs torch.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PAGES = ROOT / "docs" / "reference"
MARK = "<!-- written by `make reference` from the code; do not edit -->"
#: Modules whose names plugins may use, with what they are.
MODULES = {
    "ganzoo": "The zoo, and the interfaces of its parts.",
    "ganzoo.datasets": "Data sets by their names.",
    "ganzoo.losses": "The core's losses, and the functions that losses are composed of.",
    "ganzoo.layers": "Layers that stand for torch's, with the same values in less time on a CPU.",
    "ganzoo.metrics": "The mathematics of the figures.",
    "ganzoo.testing": "The conformance kit.",
}
#: Files and the records that they hold, in the order in which their keys are told.
FILES = {
    "config.json": ("ganzoo/specs/model.py", "ModelConfig", ("ganzoo/specs/recipe.py",)),
    "A protocol": ("ganzoo/specs/protocol.py", "Protocol", ()),
    "seeds.json": ("ganzoo/specs/seeds.py", "Seeds", ()),
}


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where stale")
    check = parser.parse_args().check
    stale = False
    for name, text in pages():
        path = PAGES / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        print(f"docs/reference/{name}: {'stale; run `make reference`' if check else 'written'}")
        if not check:
            PAGES.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def pages() -> Iterator[tuple[str, str]]:
    """Each page's file name and text."""
    for name, made in {
        "hooks.md": hooks(),
        "python.md": python(),
        "config.md": config(),
        "commands.md": commands(),
        "checks.md": checks(),
    }.items():
        title, *rest = made
        blocks = [f"# {title}", MARK, *rest]
        yield name, "\n\n".join(block.strip("\n") for block in blocks) + "\n"


# --- Sources ----------------------------------------------------------------------------------


def source_of(module: str) -> Path:
    """The file of a module of ours."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def definition(module: str, name: str) -> ast.stmt:
    """Where a public name is defined, through whatever re-exports it; also for type checkers."""
    tree = tree_of(source_of(module))
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if name in assigned(node):
            return node
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return definition(str(node.module), name)
    raise LookupError(f"{module} has no {name}")


def assigned(node: ast.stmt) -> set[str]:
    """The names that a statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def public_names(module: str) -> list[str]:
    """`__all__`, or what a module defines without an underscore before it."""
    tree = tree_of(source_of(module))
    for node in tree.body:
        if "__all__" in assigned(node):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    defined = (n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef))
    return sorted(node.name for node in defined if not node.name.startswith("_"))


def docstring(node: ast.AST) -> str:
    """A docstring as Markdown: indented lines are code already."""
    return ast.get_docstring(node) or ""  # type: ignore[arg-type]


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."


def signature(node: ast.FunctionDef, *, method: bool = False) -> str:
    """`name(arguments) -> what it returns`, without `self` and `cls`."""
    given = list(arguments(node.args))
    if method and not decorated(node, "staticmethod"):
        del given[0]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({', '.join(given)}){returns}"


def arguments(given: ast.arguments) -> Iterator[str]:
    """Each argument as PEP 8 writes it: `n: int = 64`."""
    places = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(places) - len(given.defaults)) + list(given.defaults)
    for number, (one, default) in enumerate(zip(places, defaults, strict=True), start=1):
        yield argument(one, default)
        if number == len(given.posonlyargs):
            yield "/"
    if given.vararg:
        yield "*" + argument(given.vararg, None)
    elif given.kwonlyargs:
        yield "*"
    yield from map(argument, given.kwonlyargs, given.kw_defaults)
    if given.kwarg:
        yield "**" + argument(given.kwarg, None)


def argument(one: ast.arg, default: ast.expr | None) -> str:
    """An argument with its type and its default."""
    if one.annotation is None:
        return one.arg if default is None else f"{one.arg}={ast.unparse(default)}"
    typed = f"{one.arg}: {ast.unparse(one.annotation)}"
    return typed if default is None else f"{typed} = {ast.unparse(default)}"


def decorated(node: ast.FunctionDef, name: str) -> bool:
    """Whether a function has a decorator of that name."""
    return any(name in ast.unparse(one) for one in node.decorator_list)


def comment_above(lines: list[str], line: int) -> str:
    """The `#:` comment above a statement that begins at a line (from 1)."""
    found: list[str] = []
    while line >= 2 and lines[line - 2].strip().startswith("#:"):
        line -= 1
        found.insert(0, lines[line - 1].strip().removeprefix("#:").strip())
    return " ".join(found)


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    heads = list(header)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# --- Hooks ------------------------------------------------------------------------------------


def hooks() -> Iterator[str]:
    """What a plugin can contribute, and what it is told."""
    tree = tree_of(source_of("ganzoo.plugins.hookspecs"))
    specs = [n for n in tree.body if isinstance(n, ast.FunctionDef) and decorated(n, "hookspec")]
    yield "Hooks"
    yield docstring(tree)
    yield "[Plugins](../plugins.md) says how they are used."
    yield "## What a plugin contributes"
    yield from (block for n in specs if not n.args.args for block in hook(n))
    yield "## What a plugin is told"
    yield (
        "Events are called on rank 0, at the cadence of the figures, with plain values. A listener "
        "that raises is reported once and called no more; the training goes on."
    )
    yield from (block for n in specs if n.args.args for block in hook(n))
    record = definition("ganzoo.plugins.hookspecs", "RunRecord")
    yield "### `RunRecord`"
    yield docstring(record)
    yield attributes(record)


def hook(node: ast.FunctionDef) -> Iterator[str]:
    """One hook."""
    yield f"### `{node.name}`"
    yield f"```python\n@hookimpl\ndef {signature(node)}: ...\n```"
    yield docstring(node)


# --- Python -----------------------------------------------------------------------------------


def python() -> Iterator[str]:
    """The public names."""
    yield "Python"
    yield "What plugins and programs may use. Everything else may change."
    for module, text in MODULES.items():
        yield f"## {module}"
        yield text
        for name in public_names(module):
            if not name.startswith("__"):
                yield from described(module, name)


def described(module: str, name: str) -> Iterator[str]:
    """One public name."""
    node = definition(module, name)
    yield f"### `{module}.{name}`"
    if isinstance(node, ast.ClassDef):
        yield from class_described(node)
    elif isinstance(node, ast.FunctionDef):
        yield f"```python\n{signature(node)}\n```"
        yield docstring(node)
    else:
        yield from assignment_described(module, name, node)


def class_described(node: ast.ClassDef) -> Iterator[str]:
    """A class: what it is built with, its attributes and its methods."""
    bases = [base for base in map(ast.unparse, node.bases) if base not in ("ABC", "object")]
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    built = next((n for n in methods if n.name == "__init__"), None)
    heads = [f"class {node.name}({', '.join(bases)})" if bases else f"class {node.name}"]
    if built is not None:
        heads.append(signature(built, method=True).replace("__init__", node.name, 1))
    yield "```python\n" + "\n".join(head.removesuffix(" -> None") for head in heads) + "\n```"
    yield docstring(node)
    if told := attributes(node):
        yield told
    for method in methods:
        if not method.name.startswith("_") or method.name == "__call__":
            yield from method_described(method)


def method_described(node: ast.FunctionDef) -> Iterator[str]:
    """A method, or a property, with what it is for."""
    if decorated(node, "property"):
        kind, head = "property ", f"{node.name}: {ast.unparse(node.returns)}"  # type: ignore[arg-type]
    else:
        kind = "abstract " if decorated(node, "abstractmethod") else ""
        head = signature(node, method=True)
    yield f"```python\n{kind}{head}\n```"
    yield docstring(node)


def attributes(node: ast.stmt) -> str:
    """The annotated attributes of a class, as code."""
    body = getattr(node, "body", [])
    told = [ast.unparse(n) for n in body if isinstance(n, ast.AnnAssign)]
    return "```python\n" + "\n".join(told) + "\n```" if told else ""


def assignment_described(module: str, name: str, node: ast.stmt) -> Iterator[str]:
    """An alias or a marker, with the comment above it."""
    yield f"```python\n{ast.unparse(node)}\n```"
    for path in [source_of(module), *map(source_of, homes(module, name))]:
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines[node.lineno - 1 : node.lineno] and name in lines[node.lineno - 1]:
            if text := comment_above(lines, node.lineno):
                yield text
            return


def homes(module: str, name: str) -> Iterator[str]:
    """The modules that a name is imported from, in a chain."""
    for node in ast.walk(tree_of(source_of(module))):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            yield str(node.module)
            yield from homes(str(node.module), name)


# --- Keys -------------------------------------------------------------------------------------


def config() -> Iterator[str]:
    """The keys of the files that people write."""
    yield "Keys"
    yield (
        "Files are JSON and read strictly: a key that is not here is an error with the nearest "
        "name. What has no default must be there. `ganzoo train --set KEY.PATH=VALUE` sets any "
        "key of `config.json`, and of its `recipe` without that word before it."
    )
    told: set[str] = set()
    for title, (file, first, others) in FILES.items():
        records = {n.name: (ROOT / path, n) for path in (file, *others) for n in classes(path)}
        yield f"## {title}"
        yield from record_described(first, records, told)


def classes(path: str) -> list[ast.ClassDef]:
    """The records of a file."""
    return [node for node in tree_of(ROOT / path).body if isinstance(node, ast.ClassDef)]


def record_described(
    name: str, records: dict[str, tuple[Path, ast.ClassDef]], told: set[str]
) -> Iterator[str]:
    """A record's keys, then those of the records that it holds."""
    told.add(name)
    found = list(keys_of(name, records))
    yield docstring(records[name][1])
    yield table(("key", "type", "default", "meaning"), (key_row(*each) for each in found))
    for key, _, _ in found:
        for inner in re.findall(r"\w+", ast.unparse(key.annotation)):
            if inner in records and inner not in told:
                yield f"### {inner}"
                yield from record_described(inner, records, told)


def keys_of(
    name: str, records: dict[str, tuple[Path, ast.ClassDef]]
) -> Iterator[tuple[ast.AnnAssign, ast.ClassDef, list[str]]]:
    """A record's keys, those of the record that it extends first, with where each is written."""
    path, node = records[name]
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in records:
            yield from keys_of(base.id, records)
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from ((one, node, lines) for one in node.body if isinstance(one, ast.AnnAssign))


def key_row(key: ast.AnnAssign, record: ast.ClassDef, lines: list[str]) -> tuple[str, ...]:
    """A key's row; one whose meaning nobody wrote is an error."""
    name, meaning = ast.unparse(key.target), comment_above(lines, key.lineno)
    if not meaning:
        raise SystemExit(f"{record.name}.{name} says nothing: write a `#:` comment above it")
    return f"`{name}`", cell(type_of(key.annotation)), cell(default_of(key.value)), cell(meaning)


def type_of(annotation: ast.expr) -> str:
    """A key's type in JSON's words."""
    text = ast.unparse(annotation)
    optional = text.endswith(" | None")
    text = text.removesuffix(" | None")
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    if found := re.fullmatch(r"tuple\[(\w+), \.\.\.\]", text):
        text = f"list of {words.get(found[1], found[1])}"
    elif found := re.fullmatch(r"Mapping\[str, (\w+)\]", text):
        held = words.get(found[1], found[1])
        text = "object" if held == "Any" else f"object of {held}"
    else:
        text = words.get(text, text)
    return f"{text}, or null" if optional else text


def default_of(value: ast.expr | None) -> str:
    """A key's default as JSON; what is made anew each time is its own record's."""
    if value is None:
        return ""
    text = ast.unparse(value)
    if found := re.fullmatch(r"field\(default_factory=(\w+)\)", text):
        return "`{}`" if found[1] == "dict" else "its own"
    words = {"None": "null", "True": "true", "False": "false", "()": "[]"}
    return f"`{words.get(text, text)}`".replace("'", '"')


# --- Commands ---------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Every command of the core, with its options."""
    core = importlib.import_module("ganzoo.cli").COMMANDS
    yield "Commands"
    yield (
        "Exit codes: 0, 1 where it failed, 2 where it was asked for wrongly, 130 and 143 where a "
        "training was stopped and saved. An error is one line; `--debug` shows its traceback."
    )
    yield table(
        ("command", "what it does"),
        ((f"[`ganzoo {name}`](#ganzoo-{name})", cell(text)) for name, (_, text) in core.items()),
    )
    for name, (target, _) in core.items():
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        yield from command_described(f"ganzoo {name}", command, level=2)


def command_described(name: str, command: click.Command, level: int) -> Iterator[str]:
    """A command, its options, and the commands below it."""
    yield f"{'#' * level} `{name}`"
    words = [word for parameter in command.params for word in usage(parameter)]
    below = isinstance(command, click.Group)
    yield "```\n" + " ".join([name, *words, *(["COMMAND ..."] if below else [])]) + "\n```"
    yield from help_paragraphs(command.help or "")
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield table(("option", "value", "what it does"), map(option_row, options))
    if isinstance(command, click.Group):
        for inner, one in command.commands.items():
            yield from command_described(f"{name} {inner}", one, level + 1)


def usage(parameter: click.Parameter) -> Iterator[str]:
    """A parameter's words in the line of usage; options that may be left out share one."""
    if isinstance(parameter, click.Argument):
        word = (parameter.name or "").upper() + ("..." if parameter.nargs == -1 else "")
        yield word if parameter.required else f"[{word}]"
    elif parameter.required:
        yield f"{parameter.opts[0]} {value_of(parameter)}"


def help_paragraphs(text: str) -> Iterator[str]:
    """A command's help; paragraphs that click leaves as they are, are code."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.splitlines()
        if lines[0].strip() == "\b":
            yield "```\n" + textwrap.dedent("\n".join(lines[1:])) + "\n```"
        else:
            yield " ".join(paragraph.split())


def option_row(option: click.Parameter) -> tuple[str, ...]:
    """An option's row."""
    assert isinstance(option, click.Option)
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    more = []
    if option.show_default and not option.is_flag:
        more.append(f"Default: {option.default}.")
    if option.multiple:
        more.append("Can be given again.")
    if option.required:
        more.append("Must be given.")
    text = " ".join(
        [re.sub(r" *\[default: ([^\]]+)\]", r" Default: \1.", option.help or ""), *more]
    )
    value = "" if option.is_flag else f"`{value_of(option)}`"
    return names, cell(value), cell(text)


def value_of(parameter: click.Parameter) -> str:
    """What a parameter takes, in a word."""
    kind = parameter.type
    if parameter.metavar:
        return parameter.metavar
    if isinstance(kind, click.IntRange | click.FloatRange):
        least = "" if kind.min is None else f" >= {kind.min:g}"
        return f"{'N' if isinstance(kind, click.IntRange) else 'X'}{least}"
    if isinstance(kind, click.Choice):
        return "|".join(str(choice) for choice in kind.choices)
    if isinstance(kind, click.Path):
        return "PATH"
    return {"integer": "N", "float": "X", "text": "TEXT"}.get(kind.name, kind.name.upper())


# --- Checks -----------------------------------------------------------------------------------


def checks() -> Iterator[str]:
    """What the conformance kit checks, by kind."""
    package = importlib.import_module("ganzoo.testing.checks")
    yield "Checks"
    yield (
        "What `ganzoo check PLUGIN` and `@parametrize_with_checks` make sure of, in this order. "
        "Each of those that fail says what was found, the likely cause and the line to change. "
        "`--fast` leaves out those that train or start processes, which bear a *."
    )
    for kind, functions in package.CHECKS.items():
        yield f"## {kind}"
        rows = []
        for function in functions:
            slow = " *" if function in package.SLOW else ""
            rows.append((f"`{function.__name__}`{slow}", cell(first_sentence(function.__doc__))))
        yield table(("check", "what holds"), rows)


if __name__ == "__main__":
    sys.exit(main())
