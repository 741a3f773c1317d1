"""A folder's image files and the outcome of each: on disk, since there may be millions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from ganzoo.data.packing.walk import FoundFile

#: Files read from the manifest at a time.
PAGE = 512

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,  -- below the root, with slashes, so that order is by bytes
    bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    row INTEGER,            -- of the pixel file
    problem TEXT,           -- or the reason why there is none
    width INTEGER,          -- of the image itself, upright
    height INTEGER
) WITHOUT ROWID
"""
#: Columns that manifests of older versions lack.
ADDED = ("width", "height")
TODO = "row IS NULL AND problem IS NULL"


class Outcome(NamedTuple):
    """The outcome of decoding a file: a row and the image's size, or a problem."""

    path: bytes
    row: int | None = None
    problem: str | None = None
    width: int | None = None
    height: int | None = None


class Manifest:
    """A SQLite table, which stays consistent after a kill; its cache takes two megabytes.

    Paths are bytes, relative to the folder's root. Raises `sqlite3.Error`.
    """

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file)
        self._db.execute(SCHEMA)
        known = {name for _, name, *_ in self._db.execute("PRAGMA table_info(files)")}
        for column in ADDED:
            if column not in known:
                self._db.execute(f"ALTER TABLE files ADD COLUMN {column} INTEGER")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def is_listed(self) -> bool:
        """Whether all files have been listed."""
        return bool(self._value("PRAGMA user_version"))

    def list(self, files: Iterable[FoundFile]) -> None:
        """Take in all files, or none if this is interrupted."""
        with self._db:
            self._db.executemany(
                "INSERT INTO files (path, bytes, mtime_ns, problem) VALUES (?, ?, ?, ?)", files
            )
            self._db.execute("PRAGMA user_version = 1")

    def todo(self) -> Iterator[bytes]:
        """Paths without an outcome, in order; outcomes may be noted meanwhile."""
        last = b""
        select = f"SELECT path FROM files WHERE path > ? AND {TODO} ORDER BY path LIMIT {PAGE}"
        while page := self._db.execute(select, (last,)).fetchall():
            yield from (path for (path,) in page)
            last = page[-1][0]

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Commit outcomes; a row only once its pixels are on disk."""
        with self._db:
            self._db.executemany(
                "UPDATE files SET row = ?, problem = ?, width = ?, height = ? WHERE path = ?",
                ((*outcome[1:], outcome.path) for outcome in outcomes),
            )

    @property
    def todo_count(self) -> int:
        """Number of files still to be decoded."""
        return self._value(f"SELECT count(*) FROM files WHERE {TODO}")

    @property
    def rows(self) -> int:
        """Number of files with a row; rows are numbered without gaps."""
        return self._value("SELECT count(row) FROM files")

    @property
    def unusable(self) -> int:
        """Number of files with a problem."""
        return self._value("SELECT count(problem) FROM files")

    def problems(self) -> Iterator[tuple[bytes, str]]:
        """(path, reason) of each unusable file, in order."""
        yield from self._db.execute(
            "SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path"
        )

    def reasons(self) -> Iterator[tuple[bytes, str, int]]:
        """(first path, reason, count) of each reason for unusable files, commonest first."""
        yield from self._db.execute(
            "SELECT min(path), problem, count(*) FROM files WHERE problem IS NOT NULL "
            "GROUP BY problem ORDER BY count(*) DESC, min(path)"
        )

    @property
    def is_measured(self) -> bool:
        """Whether the size of every row's image is known: older versions did not record it."""
        return not self._value("SELECT count(*) FROM files WHERE row IS NOT NULL AND width IS NULL")

    def sizes(self) -> Iterator[tuple[int, int, int]]:
        """(width, height, count) of every size that the rows' images had."""
        yield from self._db.execute(
            "SELECT width, height, count(*) FROM files WHERE row IS NOT NULL GROUP BY width, height"
        )

    def usable(self) -> Iterator[bytes]:
        """Paths of the rows, in order."""
        return self._paths("SELECT path FROM files WHERE row IS NOT NULL ORDER BY path")

    def readable(self) -> Iterator[bytes]:
        """Paths of the files in which no problem is known, in order."""
        return self._paths("SELECT path FROM files WHERE problem IS NULL ORDER BY path")

    def _paths(self, statement: str) -> Iterator[bytes]:
        return (path for (path,) in self._db.execute(statement))

    def _value(self, statement: str) -> int:
        (value,) = self._db.execute(statement).fetchone()
        return int(value)
