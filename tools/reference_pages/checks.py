"""The page of the conformance kit's checks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from reference_pages.sources import cell, first_sentence, table


def checks() -> Iterator[str]:
    """What the conformance kit checks, by the kind of subject."""
    package = importlib.import_module("ganzoo.testing.checks")
    yield "Checks"
    yield (
        "`ganzoo check PLUGIN` and `@parametrize_with_checks` make these checks, in this order. "
        "A failed check reports what it found, the likely cause and the line to change. `--fast` "
        "skips checks that train, export or play as two processes; they are marked with *."
    )
    for kind, functions in package.CHECKS.items():
        yield f"## {kind}"
        yield table(
            ("check", "what holds"),
            (
                (
                    f"`{function.__name__}`{' *' if function in package.SLOW else ''}",
                    cell(first_sentence(function.__doc__)),
                )
                for function in functions
            ),
        )
