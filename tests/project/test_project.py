from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import ganzoo

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ganzoo"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "template" not in p.parts)
PLUGIN_MODULES = sorted(ROOT.glob("plugins/*/src/**/*.py"))

#: Imports point up this table, or stay within one name; beside each other only where DESIGN says.
LAYERS = (
    (
        "_version",
        "errors",
        "files",
        "arguments",
        "seeds",
        "terminal",
        "terminal_pictures",
        "notebooks",
    ),
    ("specs",),
    ("hub",),
    ("cache",),
    ("plugins",),
    ("cards",),
    ("run_plots", "run_folders", "own_pictures", "recipes"),
    ("new_plugin",),
    ("cli",),
    # ---- the torch line ----
    ("hardware",),
    ("layers", "views"),
    ("interfaces",),
    ("build", "datasets", "truncation"),
    ("losses", "augmentations", "schedules"),
    ("ema",),
    ("weights",),
    ("data", "trackers", "conditions", "condition_pictures", "sampling"),
    ("writers",),
    ("engine",),
    ("metrics",),
    ("extractors",),
    ("latent",),
    ("importing", "zoo"),
    ("exporters",),
    ("measure",),
    ("training", "evaluation"),
    ("bench",),
    ("publish",),
    ("testing",),
)
TORCH_LINE = LAYERS.index(("hardware",))
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HEAVY = {"torch", "torchvision", "timm", "numpy"}
#: Nothing is below these: they hand out what the others hold.
FRONTS = {"__init__", "__main__"}
UNPICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def by_path(path: Path) -> str:
    return str(path.relative_to(ROOT))


def offences(
    paths: Iterable[Path], of: Callable[[Path], Iterable[object]]
) -> dict[str, list[object]]:
    """What `of` finds in each file, for the files in which it finds anything."""
    found = {by_path(path): list(of(path)) for path in paths}
    return {path: wrong for path, wrong in found.items() if wrong}


def unit_of(path: Path) -> str:
    """The name in the table: the first one below ganzoo/."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """What runs on import: everything but functions' bodies and what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (inner for other in child.orelse for inner in statements(other))
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from statements(child)


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """The dotted names that import statements name; `from ganzoo import x` gives `ganzoo.x`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def on_import(path: Path) -> list[str]:
    return list(imported(statements(tree_of(path))))


@functools.cache
def anywhere(path: Path) -> list[str]:
    return list(imported(ast.walk(tree_of(path))))


def units_imported(path: Path) -> set[str]:
    """Names of the table that a module imports when it is imported."""
    return {name.split(".")[1] for name in on_import(path) if name.startswith("ganzoo.")}


# Layers


def test_every_module_has_a_place_in_the_layers() -> None:
    assert {unit_of(path) for path in MODULES} <= RANK.keys() | FRONTS


def upwards(path: Path) -> set[str]:
    """What a module imports from its own layer or above, without leave."""
    unit = unit_of(path)
    if unit in FRONTS:
        return set()
    others = units_imported(path) - {unit}
    return {name for name in others if RANK[name] >= RANK[unit]} - siblings(unit)


def siblings(unit: str) -> set[str]:
    """What a unit may import of its own layer: whatever stands before it."""
    names = LAYERS[RANK[unit]]
    return set(names[: names.index(unit)])


def test_imports_point_one_way() -> None:
    assert offences(MODULES, upwards) == {}


def of_the_command(path: Path) -> list[str]:
    return [name for name in anywhere(path) if f"{name}.".startswith("ganzoo.cli.")]


def test_only_the_front_imports_the_command() -> None:
    others = (path for path in MODULES if unit_of(path) not in {"cli", "__main__"})
    assert offences(others, of_the_command) == {}


def below_the_torch_line(path: Path) -> set[str]:
    """Units below the line that a module imports when it is imported."""
    return {name for name in units_imported(path) if RANK.get(name, 0) >= TORCH_LINE}


def test_nothing_above_the_torch_line_imports_it() -> None:
    above = [path for path in MODULES if RANK.get(unit_of(path), 0) < TORCH_LINE]
    assert len(above) > 50
    heavy = offences(above, lambda path: HEAVY & {name.split(".")[0] for name in on_import(path)})
    assert heavy == {}
    assert offences(above, below_the_torch_line) == {}


def test_the_command_reaches_below_the_torch_line_only_inside_functions() -> None:
    assert offences(PACKAGE.glob("cli/*.py"), below_the_torch_line) == {}


# Public names


def test_the_public_names_are_sorted() -> None:
    assert ganzoo.__all__ == sorted(ganzoo.__all__)


def test_every_public_name_is_there() -> None:
    assert [name for name in ganzoo.__all__ if getattr(ganzoo, name, None) is None] == []


def test_dir_shows_the_public_names() -> None:
    assert dir(ganzoo) == ganzoo.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ganzoo' has no attribute 'lode'"):
        ganzoo.lode  # noqa: B018


def test_the_type_checker_is_told_of_every_public_name() -> None:
    told = {name.rpartition(".")[2] for name in anywhere(PACKAGE / "__init__.py")}
    assert set(ganzoo.__all__) <= told


# The core names no plugin


FAMILIES = sorted(path.name.removeprefix("ganzoo-") for path in (ROOT / "plugins").iterdir())
#: What the core has a unit of, such as `bench`, and what is a word of any program names a plugin by
#: its distribution's name alone.
WORDS = {"text"}
TELLING = [f"ganzoo[-_]{name}" if name in {*RANK, *WORDS} else name for name in FAMILIES]
NAMED = re.compile(rf"(?<![a-z])({'|'.join(TELLING)})(?![a-z])", re.IGNORECASE)


def silent(tree: ast.Module) -> set[ast.AST]:
    """Text that is only read by people: docstrings, help, and the messages of errors."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(node.value)
        if isinstance(node, ast.keyword) and node.arg == "help":
            found |= set(ast.walk(node))
        if isinstance(node, ast.Raise):
            found |= set(ast.walk(node))
    return found


def names_of_plugins(path: Path) -> list[str]:
    tree = tree_of(path)
    exempt = silent(tree)
    said = [
        str(getattr(node, field))
        for node in ast.walk(tree)
        if node not in exempt
        for field in ("value", "id", "attr", "name", "module", "arg")
        if isinstance(getattr(node, field, None), str)
    ]
    return [text for text in said if NAMED.search(text)]


def test_the_core_names_no_plugin() -> None:
    assert offences(MODULES, names_of_plugins) == {}


def test_the_search_for_plugins_names_finds_them(tmp_path: Path) -> None:
    source = 'import ganzoo_dcgan\nif name == "dcgan-mnist":\n    plugin = "ganzoo-vanilla"\n'
    (tmp_path / "core.py").write_text('"""As dcgan-mnist."""\n' + source)
    assert len(names_of_plugins(tmp_path / "core.py")) == 3


# Plugins


PUBLIC = {f"ganzoo.{name}" for name in ganzoo.__all__}
#: Of these a plugin imports names from the package itself, not from its modules.
OPEN = re.compile(r"ganzoo\.(datasets|latent|layers|losses|testing|views)\.[^.]+")


def not_for_plugins(path: Path) -> Iterator[str]:
    """What a plugin's module imports of the core beyond its public names, or of other plugins."""
    own = path.relative_to(ROOT).parts[3]
    for name in anywhere(path):
        top = name.split(".")[0]
        if top == "ganzoo" and name not in PUBLIC and not OPEN.fullmatch(name):
            yield name
        if top.startswith("ganzoo_") and top != own:
            yield name


def test_a_plugin_imports_public_names_only() -> None:
    assert offences(PLUGIN_MODULES, not_for_plugins) == {}


def private(path: Path) -> list[str]:
    return [name for name in anywhere(path) if name.startswith("ganzoo.") and "._" in name]


def test_a_plugin_never_reaches_into_private_names() -> None:
    assert offences(PLUGIN_MODULES, private) == {}


# Nothing unpickles


def loads_of(path: Path) -> list[ast.Call]:
    """Calls of torch.load."""
    calls = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    return [call for call in calls if ast.unparse(call.func) == "torch.load"]


def unpicklers(path: Path) -> Iterator[str]:
    for name in anywhere(path):
        if name.split(".")[0] in UNPICKLERS or name in {"torch.load", "torch.hub"}:
            yield name


def test_nothing_imports_what_unpickles() -> None:
    assert offences([*MODULES, *PLUGIN_MODULES], unpicklers) == {}


def words_that_unpickle(path: Path) -> list[int]:
    """The lines on which numpy is told whether to unpickle."""
    keywords = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.keyword))
    return [word.value.lineno for word in keywords if word.arg == "allow_pickle"]


def test_nothing_allows_numpy_to_unpickle() -> None:
    assert offences([*MODULES, *PLUGIN_MODULES], words_that_unpickle) == {}


def test_one_file_at_most_reads_foreign_weights_and_only_weights() -> None:
    doors = [path for path in [*MODULES, *PLUGIN_MODULES] if loads_of(path)]
    assert len(doors) <= 1
    for call in (call for path in doors for call in loads_of(path)):
        assert {word.arg: ast.unparse(word.value) for word in call.keywords}[
            "weights_only"
        ] == "True"


# The changelog


def test_the_changelogs_newest_version_is_this_one() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+[^\s\]]*)\]?", text, re.MULTILINE)
    assert versions[0] == ganzoo.__version__
