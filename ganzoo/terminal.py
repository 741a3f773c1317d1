"""Progress and tables as text: on a terminal, or in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import click

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


@contextmanager
def telling(*, quiet: bool) -> Iterator[Tell]:
    """Show on stderr what is happening: a changing line on a terminal, else a line every 30 s."""
    if quiet:
        yield silent
    elif moves(console := stderr_console()):
        with console.status("reading") as status:
            yield lambda text: status.update(text)
    else:
        with logging_every(LOG_SECONDS) as tell:
            yield tell


@contextmanager
def logging_every(seconds: float) -> Iterator[Tell]:
    """Print a line on stderr at this interval: what is happening, and for how long."""
    now, began, ended = ["reading"], time.monotonic(), threading.Event()

    def report() -> None:
        while not ended.wait(seconds):
            click.echo(f"{now[0]}  ({time.monotonic() - began:.0f} s so far)", err=True)

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield lambda text: now.__setitem__(0, text)
    finally:
        ended.set()
        reporter.join()


@contextmanager
def said_once() -> Iterator[None]:
    """Show each of ganzoo's warnings once, however often a data set is opened meanwhile."""
    import logging

    said: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        new = text not in said
        said.add(text)
        return new

    log = logging.getLogger("ganzoo")
    log.addFilter(is_new)
    try:
        yield
    finally:
        log.removeFilter(is_new)


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
