"""Whether files are what they should be, by config.json's records or their blobs' names."""

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
    """How a file differs from its record; empty where it does not."""
    if not path.is_file():
        return f"{path.name} is missing"
    if (size := path.stat().st_size) != record.bytes:
        return f"{path.name} has {size:,} bytes, config.json says {record.bytes:,}"
    if (found := sha256_of(path)) != record.sha256:
        return f"{path.name} has the sha256 {found}, config.json says {record.sha256}"
    return ""


def is_damaged(path: Path) -> bool:
    """Whether a cached file is not what the Hub sent, as its blob's name tells.

    The Hub names large files by their sha256 and small ones as git does. False where the name
    says nothing: on systems without links the cache holds copies.
    """
    blob = path.resolve()
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return sha256_of(blob) != blob.name
    if re.fullmatch(r"[0-9a-f]{40}", blob.name):
        return _git_name(blob) != blob.name
    return False


def _git_name(path: Path) -> str:
    """The sha1 under which git keeps a file."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
