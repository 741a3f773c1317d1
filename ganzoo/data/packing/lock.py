"""One process at a time: a lock that the system lets go when its holder dies."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

log = logging.getLogger("ganzoo")

#: Seconds between two attempts.
PAUSE = 0.2


@contextmanager
def locked(file: Path, waiting: str) -> Iterator[None]:
    """Hold the lock that `file` stands for, waiting for it as long as another process has it.

    `waiting` is logged once where there is a wait. The lock is SQLite's, which locks files on
    every system that Python runs on. Raises `sqlite3.Error` where it cannot.
    """
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        told = False
        while not acquired(database):
            if not told:
                log.warning("%s", waiting)
                told = True
            time.sleep(PAUSE)  # not SQLite's own wait, which Ctrl-C does not interrupt
        yield


def acquired(database: sqlite3.Connection) -> bool:
    """Take the lock that a database stands for; False where another process has it."""
    try:
        database.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True
