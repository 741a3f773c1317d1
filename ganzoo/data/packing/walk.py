"""Finding the image files below a folder, in memory that does not grow with their number."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

NO_PERMISSION = "no permission to read it"


class FoundFile(NamedTuple):
    """A file: its path relative to the root (with slashes, as bytes), size and time of change.

    `problem` is the reason why it cannot be read, if that is known before it is opened.
    """

    path: bytes
    size: int
    mtime_ns: int
    problem: str | None = None


def walk(root: Path, suffixes: Collection[str]) -> Iterator[FoundFile]:
    """Find the files below `root` whose names end in one of `suffixes`, in no particular order.

    Hidden files and folders are left out, and so are linked folders; linked files are included.
    Raises `OSError` if `root` itself cannot be read.
    """
    levels = [("", _entries(root))]
    while levels:
        above, entries = levels[-1]
        entry = next(entries, None)
        if entry is None:
            levels.pop()
        elif isinstance(entry, OSError):
            if not above:
                raise entry
            yield _unreadable(above, entry)
        elif entry.name.startswith("."):
            continue
        elif entry.is_dir(follow_symlinks=False):
            levels.append((f"{above}{entry.name}/", _entries(entry.path)))
        elif suffix_of(entry.name) in suffixes and (file := _file(above + entry.name, entry)):
            yield file


class Fingerprint:
    """A sum over files in any order: equal for folders whose files are unchanged."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, file: FoundFile) -> None:
        """Add a file."""
        text = f"{file.size} {file.mtime_ns} {file.problem}\0".encode() + file.path
        self._sum += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
        self.count += 1

    def __str__(self) -> str:
        whole = f"{self.count} {self._sum}".encode()
        return hashlib.blake2b(whole, digest_size=12).hexdigest()


def shown(path: bytes) -> str:
    """A path as one line of printable text."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def suffix_of(name: str) -> str:
    """The ending of a file's name in lower case, with its dot if it has one."""
    _, dot, last = name.rpartition(".")
    return dot + last.lower()


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str] | OSError]:
    """The entries of a folder one by one; last the error that ended the listing, if one did."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        yield error


def _file(path: str, entry: os.DirEntry[str]) -> FoundFile | None:
    """A file; None for anything else (a pipe, a link to a folder) and for one just removed."""
    name = os.fsencode(path)
    try:
        if not entry.is_file():
            broken = entry.is_symlink() and not Path(entry.path).exists()
            return FoundFile(name, 0, 0, "a link to nothing") if broken else None
        status = entry.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _unreadable(path, error)
    problem = None if os.access(entry.path, os.R_OK) else NO_PERMISSION
    return FoundFile(name, status.st_size, status.st_mtime_ns, problem)


def _unreadable(path: str, error: OSError) -> FoundFile:
    """A file, or a folder (with a slash at its end), that the system refuses to read."""
    denied = isinstance(error, PermissionError)
    reason = NO_PERMISSION if denied else (error.strerror or "cannot be read").lower()
    return FoundFile(os.fsencode(path), 0, 0, reason)
