"""What happens now: a line that changes on a terminal, one now and then in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ganzoo.terminal import LOG_SECONDS, moves, stderr_console

Tell = Callable[[str], None]


@contextmanager
def telling(*, quiet: bool) -> Iterator[Tell]:
    """Say on stderr what happens now; in a log, only of what takes long."""
    console = stderr_console()
    if quiet:
        yield lambda text: None
    elif moves(console):
        with console.status("reading") as status:
            yield lambda text: status.update(text)
    else:
        with logging_every(LOG_SECONDS) as tell:
            yield tell


@contextmanager
def logging_every(seconds: float) -> Iterator[Tell]:
    """A line on stderr every so many seconds: what happens then, and for how long it goes on."""
    now, began, ended = ["reading"], time.monotonic(), threading.Event()

    def say() -> None:
        while not ended.wait(seconds):
            click.echo(f"{now[0]}  ({time.monotonic() - began:.0f} s so far)", err=True)

    sayer = threading.Thread(target=say, daemon=True)
    sayer.start()
    try:
        yield lambda text: now.__setitem__(0, text)
    finally:
        ended.set()
        sayer.join()
