"""Packs: folders of images, which are useless once the folder is gone, and data sets' tensors."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cache.entry import GOING, CacheEntry, Leftover, files_below, leftover, times_kept
from ganzoo.cache.places import earlier_packs, packs

_PACK = re.compile(r"([0-9a-f]{24})-[0-9a-f]+(\.part)?")


@dataclass(frozen=True)
class PackEntry(CacheEntry):
    """A folder's images in one form; `note` names the folder and the form."""

    kind = "pack"

    def _damage(self) -> str:
        record = _record(self.path)
        if record is None:
            return "its record cannot be read"
        names = ["pixels.u8", *(["labels.i32"] if record.get("class_names") is not None else [])]
        digest = hashlib.sha256()
        for name in names:
            with (self.path / name).open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
        if digest.hexdigest() == record.get("content_hash"):
            return ""
        return "its images differ from those that were packed"

    def _remove(self) -> None:
        from ganzoo.files import locked

        lock = _lock(self.path)
        with locked(lock, f"another process is packing {self.note or 'the folder'}; waiting"):
            super()._remove()


@dataclass(frozen=True)
class TensorPackEntry(CacheEntry):
    """Tensors that a data set is slow to make (`ganzoo.datasets.packed`)."""

    kind = "pack"

    def _damage(self) -> str:
        from ganzoo.data.packing.tensors import read_pack

        return "" if read_pack(self.path) is not None else "it is torn or was changed"


def packed() -> Iterator[CacheEntry]:
    """Complete packs, unfinished ones and half-removed ones."""
    homes = [home for home in (packs(), earlier_packs()) if home.is_dir()]
    for path in sorted(path for home in homes for path in home.iterdir()):
        if path.name.startswith(".") and path.name.endswith(GOING):
            yield Leftover(path.name, path, files_below(path), "half removed", True)
        elif (match := _PACK.fullmatch(path.name)) and path.is_dir():
            yield _begun(path) if match[2] else _whole(path)
        elif path.suffix == ".safetensors" and path.is_file():
            note = "what a data set is slow to make"
            yield TensorPackEntry(path.stem, path, (path,), note)
        elif path.name.startswith(".") and path.name.endswith(".part"):
            yield leftover(path, "it was being written")


def _whole(path: Path) -> PackEntry:
    record = _record(path) or {}
    root, form = record.get("root", ""), record.get("form", "")
    gone = bool(root) and not Path(root).exists()
    described = f"{root}: {form}" if root and form else str(root)
    note = f"{root} is gone" if gone else described
    return PackEntry(path.name, path, files_below(path), note, useless=gone)


def _begun(path: Path) -> Leftover:
    from ganzoo.files import is_locked

    if is_locked(_lock(path)):
        return Leftover(path.name, path, files_below(path), "being packed now")
    return leftover(path, "unfinished; packing the folder again resumes it")


def _record(path: Path) -> dict[str, Any] | None:
    """The content of pack.json; None where it cannot be read."""
    file = path / "pack.json"
    try:
        with times_kept((file,)):
            record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _lock(path: Path) -> Path:
    """The lock held while the same folder is being packed."""
    return path.with_name(f"{path.name.partition('-')[0]}.lock")
