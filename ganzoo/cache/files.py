"""Single files: statistics of real samples, and the weights of extractors that were fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cache.entry import CacheEntry, leftover, unnoticed
from ganzoo.cache.places import extractors, references
from ganzoo.errors import GanzooError, one_line
from ganzoo.hub.intact import sha256_of
from ganzoo.specs import parse_json

#: Far above any header of a reference.
MAX_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class ReferenceEntry(CacheEntry):
    """Statistics of real samples: they hold no hash of themselves, so their form is checked."""

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
    """Fetched weights; torch's files are named by how their sha256 begins."""

    kind = "extractor"

    def _damage(self) -> str:
        wanted = re.search(r"-([0-9a-f]{8,64})\.\w+$", self.path.name)
        found = sha256_of(self.path)
        if wanted is None or found.startswith(wanted[1]):
            return ""
        return f"its sha256 begins with {found[:8]}, its name says {wanted[1]}"


def single_files() -> Iterator[CacheEntry]:
    """References and extractors, and what was left of them when they were written."""
    for path in _files(references(), "*.safetensors"):
        yield ReferenceEntry(_said(path), path, (path,))
    for path in _files(extractors(), "[!.]*"):
        yield ExtractorEntry(path.name, path, (path,))
    for folder in (references(), extractors()):
        for path in _files(folder, ".*.part"):
            yield leftover(path, "it was being written")


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _said(path: Path) -> str:
    """A reference by its extractor and its data, as its header has them; else by its file."""
    with unnoticed((path,)):
        try:
            about = _about(path)
            data = about["data"]["name"].rpartition("/")[2]
            return f"{about['extractor']}.{data}"
        except (OSError, GanzooError, KeyError, TypeError, AttributeError):
            return path.name


def _about(path: Path) -> Any:
    """The metadata of a safetensors file of ganzoo's."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(min(length, MAX_HEADER_BYTES)), str(path))
    return parse_json(header["__metadata__"]["ganzoo"], str(path))
