"""A folder's image files and what became of each: on disk, since there may be millions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from ganzoo.data.packing.walk import Found

#: Files that are read from the manifest at a time.
PAGE = 512

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,  -- below the root, with slashes, so that order is by bytes
    bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    row INTEGER,            -- of the pixel file
    problem TEXT,           -- or why there is none
    width INTEGER,          -- of the image itself, upright
    height INTEGER
) WITHOUT ROWID
"""
#: What manifests of versions that did not count sizes lack.
ADDED = ("width", "height")
TODO = "row IS NULL AND problem IS NULL"


class Note(NamedTuple):
    """What became of a file: a row and the image's size, or a problem."""

    path: bytes
    row: int | None = None
    problem: str | None = None
    width: int | None = None
    height: int | None = None


class Manifest:
    """SQLite, so that it is whole after a kill at any moment, with a cache of two megabytes.

    Paths are bytes below the folder's root. Raises `sqlite3.Error`.
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
        """Let go of the file."""
        self._db.close()

    @property
    def is_listed(self) -> bool:
        """Whether the files have been listed, all of them."""
        return bool(self._value("PRAGMA user_version"))

    def list(self, found: Iterable[Found]) -> None:
        """Take over all files, or none where this is interrupted."""
        with self._db:
            self._db.executemany(
                "INSERT INTO files (path, bytes, mtime_ns, problem) VALUES (?, ?, ?, ?)", found
            )
            self._db.execute("PRAGMA user_version = 1")

    def todo(self) -> Iterator[bytes]:
        """Paths that have neither a row nor a problem, in order; files may be noted meanwhile."""
        last = b""
        select = f"SELECT path FROM files WHERE path > ? AND {TODO} ORDER BY path LIMIT {PAGE}"
        while page := self._db.execute(select, (last,)).fetchall():
            yield from (path for (path,) in page)
            last = page[-1][0]

    def note(self, results: Iterable[Note]) -> None:
        """Commit what became of a few files; a row only where its pixels are safe."""
        with self._db:
            self._db.executemany(
                "UPDATE files SET row = ?, problem = ?, width = ?, height = ? WHERE path = ?",
                ((*result[1:], result.path) for result in results),
            )

    @property
    def todo_count(self) -> int:
        """Files still to be decoded."""
        return self._value(f"SELECT count(*) FROM files WHERE {TODO}")

    @property
    def rows(self) -> int:
        """Files that have a row; rows are numbered without gaps."""
        return self._value("SELECT count(row) FROM files")

    @property
    def unusable(self) -> int:
        """Files that have a problem."""
        return self._value("SELECT count(problem) FROM files")

    def problems(self) -> Iterator[tuple[bytes, str]]:
        """(path, reason) of each unusable file, in order."""
        yield from self._db.execute(
            "SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path"
        )

    @property
    def is_measured(self) -> bool:
        """Whether the size of every row's image is known: an older version may have begun."""
        return not self._value("SELECT count(*) FROM files WHERE row IS NOT NULL AND width IS NULL")

    def sizes(self) -> Iterator[tuple[int, int, int]]:
        """(Width, height, images) of every size that the rows' images had."""
        yield from self._db.execute(
            "SELECT width, height, count(*) FROM files WHERE row IS NOT NULL GROUP BY width, height"
        )

    def usable(self) -> Iterator[bytes]:
        """Paths of the rows, in their order."""
        for (path,) in self._db.execute(
            "SELECT path FROM files WHERE row IS NOT NULL ORDER BY path"
        ):
            yield path

    def paths(self) -> Iterator[bytes]:
        """All paths, in order."""
        for (path,) in self._db.execute("SELECT path FROM files ORDER BY path"):
            yield path

    def _value(self, statement: str) -> int:
        (value,) = self._db.execute(statement).fetchone()
        return int(value)
