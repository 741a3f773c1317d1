"""The page of the keys in the JSON files that people write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reference_pages.sources import ROOT, cell, comment_above, docstring, table, tree_of

#: Records by name: the file that defines each, and its class.
Records = Mapping[str, tuple[Path, ast.ClassDef]]
#: The files, each with the sources of its records and the outermost record.
FILES = {
    "config.json": ("ModelConfig", ("ganzoo/specs/model.py", "ganzoo/specs/recipe.py")),
    "A protocol": ("Protocol", ("ganzoo/specs/protocol.py",)),
    "seeds.json": ("Seeds", ("ganzoo/specs/seeds.py",)),
}
#: What Python calls a type, and what JSON's readers call it.
TYPES = {
    "Any": "",
    "bool": "true or false",
    "float": "number",
    "int": "whole number",
    "str": "text",
}
DEFAULTS = {"None": "null", "True": "true", "False": "false", "()": "[]"}


def keys() -> Iterator[str]:
    """The keys of every file, record by record."""
    yield "Keys"
    yield (
        "The files are JSON. ganzoo reads them strictly: an unknown key is an error that names the "
        "nearest known one, and a key without a default is required. `ganzoo train --set "
        "KEY.PATH=VALUE` sets any key of `config.json`; a key of its `recipe` needs no `recipe.` "
        "before it."
    )
    described: set[str] = set()
    for title, (outermost, paths) in FILES.items():
        yield f"## {title}"
        yield from record_described(outermost, records_in(*paths), described)


def records_in(*paths: str) -> Records:
    """The classes of some sources."""
    files = [ROOT / path for path in paths]
    return {
        node.name: (path, node)
        for path in files
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef)
    }


def record_described(name: str, records: Records, described: set[str]) -> Iterator[str]:
    """A record's keys, then the records that it holds."""
    described.add(name)
    fields = list(_fields(name, records))
    yield docstring(records[name][1])
    yield table(("key", "type", "default", "meaning"), (_row(*field) for field in fields))
    for _, _, field in fields:
        for inner in re.findall(r"\w+", ast.unparse(field.annotation)):
            if inner in records and inner not in described:
                yield f"### {inner}"
                yield from record_described(inner, records, described)


def _fields(name: str, records: Records) -> Iterator[tuple[Path, str, ast.AnnAssign]]:
    """A record's fields; those of the record that it extends come first."""
    path, node = records[name]
    for base in map(ast.unparse, node.bases):
        if base in records:
            yield from _fields(base, records)
    yield from ((path, name, item) for item in node.body if isinstance(item, ast.AnnAssign))


def _row(path: Path, record: str, field: ast.AnnAssign) -> tuple[str, ...]:
    name, meaning = ast.unparse(field.target), comment_above(path, field.lineno)
    if not meaning:
        raise SystemExit(f"{record}.{name} has no meaning: write a `#:` comment above it")
    return f"`{name}`", cell(_type(field.annotation)), cell(_default(field.value)), cell(meaning)


def _type(annotation: ast.expr) -> str:
    """A field's type in JSON's words."""
    text = ast.unparse(annotation)
    bare = text.removesuffix(" | None")
    held = re.fullmatch(r"(tuple|Mapping)\[(?:str, )?(\w+)(?:, \.\.\.)?\]", bare)
    if held:
        inner = TYPES.get(held[2], held[2])
        words = "list" if held[1] == "tuple" else "object"
        bare = f"{words} of {inner}" if inner else words
    return TYPES.get(bare, bare) + (", or null" if text.endswith(" | None") else "")


def _default(value: ast.expr | None) -> str:
    """A field's default as JSON; a record's default is its own defaults."""
    if value is None:
        return ""
    text = ast.unparse(value)
    if factory := re.fullmatch(r"field\(default_factory=(\w+)\)", text):
        return "`{}`" if factory[1] == "dict" else "its own"
    return f"`{DEFAULTS.get(text, text)}`".replace("'", '"')
