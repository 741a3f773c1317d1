"""Whether files are intact, judged by config.json's records or the cache's names."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ganzoo.specs import FileRecord


def sha256_of(path: Path) -> str:
    """The sha256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mismatch(path: Path, record: FileRecord) -> str:
    """How a file differs from its record; empty where it matches. Raises `OSError`."""
    if (size := path.stat().st_size) != record.bytes:
        return wrong_size(path.name, size, record)
    if (sha256 := sha256_of(path)) != record.sha256:
        return f"{path.name} has the sha256 {sha256}, config.json says {record.sha256}"
    return ""


def wrong_size(file: str, size: int, record: FileRecord) -> str:
    """How a file of another size differs from its record."""
    return f"{file} has {size:,} bytes, config.json says {record.bytes:,}"


def is_damaged(path: Path) -> bool:
    """Whether a cached file differs from what the Hub sent.

    It is a link to a blob whose name is its sha256 (large files) or git's sha1 (small ones). False
    where that is unknown: on systems without links the cache holds copies.
    """
    name = path.readlink().name if path.is_symlink() else ""
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return sha256_of(path) != name
    if re.fullmatch(r"[0-9a-f]{40}", name):
        return _git_name(path) != name
    return False


def _git_name(path: Path) -> str:
    """The sha1 that git gives a file."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
