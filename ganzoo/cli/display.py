"""What commands show while they work: a line that says what is happening."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ganzoo.terminal import Tell, silent


@contextmanager
def telling(*, quiet: bool) -> Iterator[Tell]:
    """Show on stderr what is happening: a changing line on a terminal, else a line every 30 s."""
    from ganzoo.terminal import LOG_SECONDS, moves, stderr_console

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
    """Print a line on stderr every so many seconds: what is happening, and for how long."""
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
