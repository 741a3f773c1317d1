"""An entry of the cache, and what all kinds of entries have in common."""

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

#: Seconds after which unfinished work is considered abandoned.
ABANDONED_AFTER = 7 * 24 * 3600.0
#: The suffix of a folder that is being removed.
GOING = ".gone"


@dataclass(frozen=True)
class CacheEntry(ABC):
    """A cached thing: its name and place, its files, a note, and whether it is useless."""

    kind: ClassVar[str]

    name: str
    path: Path
    files: tuple[Path, ...]
    note: str = ""
    useless: bool = False

    @cached_property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(stat.st_size for stat in _stats(self.files))

    @cached_property
    def used(self) -> float:
        """When it was last read or written, in Unix seconds."""
        return last_used(self.files)

    def damage(self) -> str:
        """What is damaged, as far as hashes are known; empty where nothing is."""
        with times_kept(self.files):
            try:
                problem = self._damage()
            except OSError as error:
                problem = f"it cannot be read: {error.strerror}"
        return problem if self.path.exists() else ""  # another process removed it

    def remove(self) -> None:
        """Remove it; `GanzooError` where the system refuses."""
        try:
            self._remove()
        except FileNotFoundError:
            pass  # another process removed it
        except OSError as error:
            raise GanzooError(f"{self.path} cannot be removed: {error.strerror}") from None

    @abstractmethod
    def _damage(self) -> str: ...

    def _remove(self) -> None:
        discard(self.path)


@dataclass(frozen=True)
class Leftover(CacheEntry):
    """Unfinished work that a process left behind."""

    kind = "leftover"

    def _damage(self) -> str:
        return ""


def leftover(path: Path, note: str) -> Leftover:
    """An unfinished file or folder, which is useless once it is abandoned."""
    files = files_below(path)
    return Leftover(path.name, path, files, note, useless=is_abandoned(files))


def is_abandoned(files: tuple[Path, ...]) -> bool:
    """Whether none of the files was used for a week."""
    return time.time() - last_used(files) > ABANDONED_AFTER


def last_used(files: tuple[Path, ...]) -> float:
    """When one of them was last read or written, as the system records it, in Unix seconds."""
    return max((max(stat.st_atime, stat.st_mtime) for stat in _stats(files)), default=0.0)


def files_below(path: Path) -> tuple[Path, ...]:
    """The file itself, or all files in a folder."""
    if path.is_dir():
        return tuple(Path(top) / name for top, _, names in os.walk(path) for name in names)
    return (path,)


def discard(path: Path) -> None:
    """Remove a file or folder; a folder is moved aside first, so that none sees half of it."""
    if not path.is_dir():
        path.unlink()
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=GOING, dir=path.parent))
    path.replace(aside / path.name)
    shutil.rmtree(aside)


@contextmanager
def times_kept(files: tuple[Path, ...]) -> Iterator[None]:
    """Keep the files' times, since examining them does not count as use."""
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
    """The status of the files that still exist."""
    for file in files:
        with suppress(OSError):
            yield file.stat()
