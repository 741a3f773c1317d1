"""The page of hooks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reference_pages.python import attributes
from reference_pages.sources import (
    code,
    decorated,
    definition,
    docstring,
    signature,
    source_of,
    tree_of,
)


def hooks() -> Iterator[str]:
    """What a plugin can contribute, and which events it can listen to."""
    tree = tree_of(source_of("ganzoo.plugins.hookspecs"))
    specs = [n for n in tree.body if isinstance(n, ast.FunctionDef) and decorated(n, "hookspec")]
    yield "Hooks"
    yield docstring(tree)
    yield "[Write a plugin](../plugins.md) shows how they are used."
    yield "## What a plugin contributes"
    yield from (block for node in specs if not node.args.args for block in _hook(node))
    yield "## Events that a plugin can listen to"
    yield (
        "ganzoo calls events on rank 0 whenever it logs figures, with plain values. If a listener "
        "raises, ganzoo reports that once and stops calling it; the training continues."
    )
    yield from (block for node in specs if node.args.args for block in _hook(node))
    _, record = definition("ganzoo.plugins.hookspecs", "RunRecord")
    yield "### `RunRecord`"
    yield docstring(record)
    yield attributes(record)


def _hook(node: ast.FunctionDef) -> Iterator[str]:
    yield f"### `{node.name}`"
    yield code(f"@hookimpl\ndef {signature(node)}: ...")
    yield docstring(node)
