"""Where progress is shown: on a terminal, or in a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ganzoo.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines of progress in a log.
LOG_SECONDS = 30.0
#: Shows a line about what is happening.
Tell: TypeAlias = Callable[[str], None]


def silent(text: str) -> None:
    """Show nothing."""


def stderr_console(*, quiet: bool = False) -> Console:
    """Rich's console on stderr, which counts as a terminal only if stderr is one.

    With FORCE_COLOR rich would write moving bars into a log too.
    """
    from rich.console import Console

    return Console(stderr=True, quiet=quiet, force_terminal=None if sys.stderr.isatty() else False)


def moves(console: Console) -> bool:
    """Whether a console can overwrite its lines, so that a bar can move."""
    return console.is_terminal and not console.is_dumb_terminal


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell, two spaces apart."""
    lines = [header, *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def one_line(text: str) -> str:
    """Text as one line, without control characters."""
    return " ".join(printable(text).split())
