"""Image files in a zip, read where they lie: nothing is extracted."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile, ZipFile, ZipInfo

from ganzoo.data.packing.walk import FoundFile, suffix_of

#: Bytes of one file at most: a zip of a few bytes may hold gigabytes of zeros.
MOST = 2**28
ENCRYPTED = 0x1


@dataclass(frozen=True)
class ZippedFile:
    """A file in a zip, which opens as a path does. Safe to open from several threads."""

    archive: ZipFile
    name: str

    def open(self, mode: str = "rb") -> io.BytesIO:
        """The file's bytes; `OSError` where they are too many."""
        with self.archive.open(self.name) as packed:
            content = packed.read(MOST + 1)
        if len(content) > MOST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return io.BytesIO(content)


File: TypeAlias = Path | ZippedFile


def archive_of(root: Path) -> ZipFile | None:
    """The zip at a path, open; None if there is none."""
    if not root.is_file():
        return None
    status = root.stat()
    try:
        return _archive(root, status.st_mtime_ns, status.st_size)
    except BadZipFile:
        return None


@lru_cache(maxsize=2)
def _archive(root: Path, mtime_ns: int, size: int) -> ZipFile:
    return ZipFile(root)


def file_below(root: Path, path: bytes) -> File:
    """A file below a folder, or in a zip."""
    archive = archive_of(root)
    name = os.fsdecode(path)
    return root / name if archive is None else ZippedFile(archive, name)


def size_of(file: File) -> int:
    """A file's bytes."""
    if isinstance(file, Path):
        return file.stat().st_size
    return file.archive.getinfo(file.name).file_size


def walk_archive(archive: ZipFile, suffixes: Collection[str]) -> Iterator[FoundFile]:
    """Find the files of a zip as `walk` does in a folder; the check sum is the time of change."""
    for name, info in archive.NameToInfo.items():
        hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
        if not hidden and not info.is_dir() and suffix_of(name) in suffixes:
            yield FoundFile(os.fsencode(name), info.file_size, info.CRC, _problem(info))


def _problem(info: ZipInfo) -> str | None:
    return "encrypted" if info.flag_bits & ENCRYPTED else None
