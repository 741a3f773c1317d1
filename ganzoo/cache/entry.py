"""One thing that is kept, and what all kinds of them have in common."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from ganzoo.errors import GanzooError

#: Seconds after which what was left unfinished is taken for abandoned.
ABANDONED_AFTER = 7 * 24 * 3600.0
#: Ends the hidden name of a folder that is being removed.
GOING = ".gone"


@dataclass(frozen=True)
class CacheEntry(ABC):
    """A thing that is kept: where it lies, its files, a word on it, and whether it is of no use."""

    kind: ClassVar[str]

    name: str
    path: Path
    files: tuple[Path, ...]
    note: str = ""
    useless: bool = False

    @cached_property
    def bytes(self) -> int:
        """What its files take."""
        return sum(stat.st_size for stat in _stats(self.files))

    @cached_property
    def used(self) -> float:
        """When it was last read or written, in Unix seconds."""
        return last_used(self.files)

    def damage(self) -> str:
        """What is wrong with it, as far as its hashes are known; empty where nothing is."""
        with unnoticed(self.files):
            try:
                found = self._damage()
            except OSError as error:
                found = f"it cannot be read: {error.strerror}"
        return found if self.path.exists() else ""  # removed meanwhile

    def remove(self) -> None:
        """Remove it; `GanzooError` where the system does not let it be removed."""
        try:
            self._remove()
        except FileNotFoundError:
            pass  # another process was quicker
        except OSError as error:
            raise GanzooError(f"{self.path} cannot be removed: {error.strerror}") from None

    @abstractmethod
    def _damage(self) -> str: ...

    def _remove(self) -> None:
        discard(self.path)


@dataclass(frozen=True)
class Leftover(CacheEntry):
    """What a process left unfinished."""

    kind = "leftover"

    def _damage(self) -> str:
        return ""


def leftover(path: Path, note: str) -> Leftover:
    """A file or folder that was left unfinished; of no use when nobody has touched it for long."""
    files = files_below(path)
    return Leftover(path.name, path, files, note, useless=is_abandoned(files))


def is_abandoned(files: tuple[Path, ...]) -> bool:
    """Whether nobody has touched any of the files for long."""
    return time.time() - last_used(files) > ABANDONED_AFTER


def last_used(files: tuple[Path, ...]) -> float:
    """When one of them was last read or written, as far as the system notes it, in Unix seconds."""
    return max((max(stat.st_atime, stat.st_mtime) for stat in _stats(files)), default=0.0)


def files_below(path: Path) -> tuple[Path, ...]:
    """A file itself, or the files of a folder."""
    if path.is_dir():
        return tuple(Path(top) / name for top, _, names in os.walk(path) for name in names)
    return (path,)


def discard(path: Path) -> None:
    """Remove a file or folder; a folder is put aside first, so that nobody finds half of it."""
    if not path.is_dir():
        path.unlink()
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=GOING, dir=path.parent))
    path.replace(aside / path.name)
    shutil.rmtree(aside)


@contextmanager
def unnoticed(files: tuple[Path, ...]) -> Iterator[None]:
    """Leave the files' times as they were, since looking at them is no use of them."""
    times = {}
    for file in files:
        with suppress(OSError):
            stat = file.stat()
            times[file] = (stat.st_atime_ns, stat.st_mtime_ns)
    try:
        yield
    finally:
        for file, before in times.items():
            with suppress(OSError):
                os.utime(file, ns=before)


def _stats(files: tuple[Path, ...]) -> Iterator[os.stat_result]:
    """What the system says of the files that are still there."""
    for file in files:
        with suppress(OSError):
            yield file.stat()
