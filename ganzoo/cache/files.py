"""Cached single files: statistics of real samples, and fetched weights of extractors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cache.entry import CacheEntry, leftover, times_kept
from ganzoo.cache.places import extractors, references
from ganzoo.errors import GanzooError, one_line
from ganzoo.hub.intact import sha256_of
from ganzoo.specs import parse_json

#: Far above the header of any reference.
MAX_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ReferenceEntry(CacheEntry):
    """Statistics of real samples. They carry no hash, so their format is checked."""

    kind = "reference"

    def _damage(self) -> str:
        from ganzoo.measure.references import read_reference

        try:
            read_reference(self.path)
        except GanzooError as error:
            return one_line(error)
        return ""


@dataclass(frozen=True)
class ExtractorEntry(CacheEntry):
    """Fetched weights; torch names its files after the start of their sha256."""

    kind = "extractor"

    def _damage(self) -> str:
        expected = re.search(r"-([0-9a-f]{8,64})\.\w+$", self.path.name)
        sha256 = sha256_of(self.path)
        if expected is None or sha256.startswith(expected[1]):
            return ""
        return f"its sha256 begins with {sha256[:8]}, its name says {expected[1]}"


def single_files() -> Iterator[CacheEntry]:
    """References and extractors, and files that were left half written."""
    for path in _files(references(), "*.safetensors"):
        yield ReferenceEntry(_label(path), path, (path,))
    for path in _files(extractors(), "[!.]*"):
        yield ExtractorEntry(path.name, path, (path,))
    for folder in (references(), extractors()):
        for path in _files(folder, ".*.part"):
            yield leftover(path, "it was being written")


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _label(path: Path) -> str:
    """The extractor and data set in a reference's header; its file's name where unreadable."""
    with times_kept((path,)):
        try:
            about = _about(path)
            data = about["data"]["name"].rpartition("/")[2]
            return f"{about['extractor']}.{data}"
        except (OSError, GanzooError, KeyError, TypeError, AttributeError):
            return path.name


def _about(path: Path) -> Any:
    """The metadata of a safetensors file written by ganzoo."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(min(length, MAX_HEADER_BYTES)), str(path))
    return parse_json(header["__metadata__"]["ganzoo"], str(path))
