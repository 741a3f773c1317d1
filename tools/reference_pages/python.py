"""The pages of public Python names, by topic."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from reference_pages.sources import (
    cell,
    code,
    comment_above,
    decorated,
    definition,
    docstring,
    first_sentence,
    is_overload,
    public_names,
    signature,
    table,
)


class Topic(NamedTuple):
    """A page: names as `module.name`, or `module.*` for a module's `__all__`."""

    title: str
    about: str
    names: tuple[str, ...]


TOPICS = {
    "models": Topic(
        "Models and sampling",
        "Find models, load them and draw samples.",
        ("ganzoo.load", "ganzoo.Model", "ganzoo.list_models", "ganzoo.card", "ganzoo.Card"),
    ),
    "runs": Topic(
        "Training and evaluating",
        "Train and measure from Python; read trainings from their folders, and compare them.",
        ("ganzoo.train", "ganzoo.runs", "ganzoo.Run", "ganzoo.evaluate"),
    ),
    "parts": Topic(
        "Building parts",
        "Build a network, a loss or a data set that an installed plugin offers, by its name.",
        (
            "ganzoo.create_generator",
            "ganzoo.create_discriminator",
            "ganzoo.create_loss",
            "ganzoo.open_extractor",
            "ganzoo.datasets.*",
        ),
    ),
    "networks": Topic(
        "Generators and discriminators",
        "The base classes of networks.",
        ("ganzoo.Generator", "ganzoo.StyleGenerator", "ganzoo.Discriminator"),
    ),
    "games": Topic(
        "Losses and turns",
        "The base class of losses, and what a loss sees of a turn.",
        ("ganzoo.Loss", "ganzoo.Round", "ganzoo.Player", "ganzoo.Terms", "ganzoo.Draw"),
    ),
    "training": Topic(
        "Data sets, augmentations, schedules, trackers",
        "The base classes of the other parts that a training uses.",
        (
            "ganzoo.Dataset",
            "ganzoo.OwnPictures",
            "ganzoo.Augmentation",
            "ganzoo.Schedule",
            "ganzoo.Tracker",
        ),
    ),
    "measuring": Topic(
        "Extractors and figures",
        "The base classes of parts that measure samples.",
        ("ganzoo.Extractor", "ganzoo.Figure", "ganzoo.FigureInput"),
    ),
    "writing": Topic(
        "Writers",
        "The base class of what makes samples visible, what samples are to the eye and ear, and "
        "files that are there whole.",
        ("ganzoo.Writer", "ganzoo.written_whole", "ganzoo.views.*"),
    ),
    "plugins": Topic(
        "Plugins and errors",
        "The marker for hooks, and the base of all errors.",
        ("ganzoo.hookimpl", "ganzoo.GanzooError"),
    ),
    "latent": Topic(
        "ganzoo.latent",
        "Walk through the latents and styles of a model, mix them, edit and invert.",
        ("ganzoo.latent.*",),
    ),
    "losses": Topic(
        "ganzoo.losses",
        "The core's losses, and the functions that losses are composed of.",
        ("ganzoo.losses.*",),
    ),
    "layers": Topic(
        "ganzoo.layers",
        "Layers with the values of torch's own layers, which take less time on a CPU.",
        ("ganzoo.layers.*",),
    ),
    "metrics": Topic("ganzoo.metrics", "The mathematics of figures.", ("ganzoo.metrics.*",)),
    "testing": Topic("ganzoo.testing", "The conformance kit.", ("ganzoo.testing.*",)),
}
#: Members that only ganzoo itself uses.
HIDDEN = frozenset(
    {
        "Card.parsed",
        "FigureInput.__init__",
        "Model.__init__",
        "Model.labeller",
        "Planned.function",
    }
)


def topic_pages() -> Iterator[tuple[str, Iterator[str]]]:
    """The page of contents, then one page for each topic."""
    missing = {f"ganzoo.{name}" for name in public_names("ganzoo")} - {
        name for topic in TOPICS.values() for name in topic.names
    }
    if missing:
        raise SystemExit(f"{__file__}: no page in TOPICS names {', '.join(sorted(missing))}")
    yield "reference/python.md", _contents()
    for slug, topic in TOPICS.items():
        yield f"reference/python/{slug}.md", _page(topic)


def names_of(topic: Topic) -> list[tuple[str, str]]:
    """Each (module, name) of a topic."""
    split = (name.rpartition(".") for name in topic.names)
    return [
        (module, each)
        for module, _, name in split
        for each in (public_names(module) if name == "*" else [name])
    ]


def _contents() -> Iterator[str]:
    yield "Python"
    yield "Programs and plugins may use the names on these pages. Everything else may change."
    for slug, topic in TOPICS.items():
        yield f"## [{topic.title}](python/{slug}.md)"
        yield topic.about
        yield table(("name", "purpose"), _contents_rows(slug, topic))
    yield "```{toctree}\n:hidden:\n\n" + "\n".join(f"python/{slug}" for slug in TOPICS) + "\n```"


def _contents_rows(slug: str, topic: Topic) -> Iterator[tuple[str, str]]:
    """A row for each name of a topic, which links to its heading."""
    anchors: Counter[str] = Counter()
    for module, name in names_of(topic):
        path, node = definition(module, name)
        anchor = f"{module}{name}".replace(".", "").lower()
        before = anchors[anchor]  # `ganzoo.card` and `ganzoo.Card` share an anchor
        anchors[anchor] += 1
        about = docstring(node) if hasattr(node, "body") else comment_above(path, node.lineno)
        link = f"python/{slug}.md#{anchor}{f'-{before}' if before else ''}"
        yield f"[`{module}.{name}`]({link})", cell(first_sentence(about))


def _page(topic: Topic) -> Iterator[str]:
    yield topic.title
    yield topic.about
    for module, name in names_of(topic):
        path, node = definition(module, name)
        yield f"## `{module}.{name}`"
        if isinstance(node, ast.ClassDef):
            yield from _class(node)
        elif isinstance(node, ast.FunctionDef):
            yield code(f"def {signature(node)}")
            yield docstring(node)
        else:
            yield from _assignment(path, node)


def _class(node: ast.ClassDef) -> Iterator[str]:
    """A class: its constructor, attributes and methods."""
    bases = [base for base in map(ast.unparse, node.bases) if base not in ("ABC", "object")]
    heads = [f"class {node.name}({', '.join(bases)})" if bases else f"class {node.name}"]
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef) and not is_overload(n)]
    methods = [n for n in methods if f"{node.name}.{n.name}" not in HIDDEN]
    heads += [
        signature(method, method=True).replace("__init__", node.name, 1).removesuffix(" -> None")
        for method in methods
        if method.name == "__init__"
    ]
    yield code("\n".join(heads))
    yield docstring(node)
    yield attributes(node)
    for method in methods:
        if not method.name.startswith("_") or method.name == "__call__":
            yield f"### `{node.name}.{method.name}`"
            yield code(_method_head(method))
            yield docstring(method)


def _method_head(node: ast.FunctionDef) -> str:
    """A method's decorators and signature, as its class has them."""
    marks = ("property", "abstractmethod", "classmethod", "staticmethod")
    lines = [f"@{mark}" for mark in marks if decorated(node, mark)]
    return "\n".join([*lines, f"def {signature(node, method=True)}"])


def attributes(node: ast.stmt) -> str:
    """The annotated attributes of a class, as code; empty without any."""
    lines = [
        ast.unparse(item)
        for item in getattr(node, "body", [])
        if isinstance(item, ast.AnnAssign)
        and f"{node.name}.{ast.unparse(item.target)}" not in HIDDEN  # type: ignore[attr-defined]
    ]
    return code("\n".join(lines)) if lines else ""


def _assignment(path: Path, node: ast.stmt) -> Iterator[str]:
    """An alias or a marker, with the comment above it."""
    yield code(ast.unparse(node))
    yield comment_above(path, node.lineno)
