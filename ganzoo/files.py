"""Files and folders that are written whole or not at all, and a lock between processes."""

from __future__ import annotations

import errno
import glob
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger("ganzoo")

#: Errors of systems that cannot sync a kind of file or folder.
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
#: Seconds between two attempts to take a lock.
LOCK_PAUSE = 0.2


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `GanzooError` that says that `path` cannot be written."""
    try:
        yield
    except OSError as error:
        raise GanzooError(f"{path} cannot be written: {error.strerror or error}") from None


@contextmanager
def written_whole(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Give a file beside `path` to write; it is renamed to `path` if the block succeeds.

    If the block fails, what lies at `path` stays as it is. The folder is made if it is absent. A
    file that is not `lasting` isn't waited for until the disk has it: a power cut may cost it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(descriptor)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        if lasting:
            flush(beside)
        beside.replace(path)
        if lasting:
            flush(path.parent)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(path: Path) -> Iterator[Path]:
    """Give a folder beside `path` to fill; it replaces `path` if the block succeeds.

    If anything fails in between, the old folder stays, or the next call restores it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _put_back(path)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield beside
        beside.chmod(0o777 & ~_umask())
        for file in beside.iterdir():
            flush(file)
        if path.exists():
            _exchange(path, beside)
        else:
            beside.replace(path)
        flush(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _exchange(path: Path, beside: Path) -> None:
    """Replace one folder by another; if that fails half-way, the old one is restored."""
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    try:
        path.replace(old / path.name)
        beside.replace(path)
    finally:
        if not path.exists():
            (old / path.name).replace(path)
        shutil.rmtree(old)


def _put_back(path: Path) -> None:
    """Restore the folder that a killed exchange removed, unless it was replaced."""
    for old in path.parent.glob(f".{glob.escape(path.name)}.*.old"):
        if (old / path.name).exists() and not path.exists():
            (old / path.name).replace(path)
            old.rmdir()


@contextmanager
def locked(file: Path, waiting: str) -> Iterator[None]:
    """Hold the lock that `file` represents, waiting as long as another process holds it.

    `waiting` is logged once if there is a wait. The lock is SQLite's, which works on every system
    that Python runs on, and which the system releases when its holder dies. Raises `sqlite3.Error`
    where the file cannot be locked.
    """
    import sqlite3

    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        waited = False
        while not acquired(database):
            if not waited:
                log.warning("%s", waiting)
                waited = True
            time.sleep(LOCK_PAUSE)  # not SQLite's own wait, which Ctrl-C does not interrupt
        yield


def is_locked(file: Path) -> bool:
    """Whether a process holds the lock that `file` represents; False where nobody can lock it."""
    import sqlite3

    if not file.is_file():
        return False
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        try:
            return not acquired(database)
        except sqlite3.OperationalError:
            return False


def acquired(database: sqlite3.Connection) -> bool:
    """Take the lock that a database represents; False while another process holds it."""
    import sqlite3

    try:
        database.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def holds_working_folder(path: Path) -> bool:
    """Whether the working directory is in a folder, which therefore must not be replaced."""
    return path.resolve() in (Path.cwd(), *Path.cwd().parents)


def read_plain(path: Path, most: int) -> bytes:
    """At most `most` bytes of a regular file; `OSError` for pipes and devices, which never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is not a regular file")
    with path.open("rb") as file:
        return file.read(most)


def nearest_existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, making its folder if it is absent."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")


def flush(path: Path) -> None:
    """Sync a file or a folder's entries to disk, if the system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise  # the disk failed to keep the data
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0o077)  # the only way to read it; strict for a moment
    os.umask(mask)
    return mask
