"""Checkpoints: safetensors and JSON, written beside and renamed, so that a kill tears none."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.engine.state import TrainingState
from ganzoo.errors import GanzooError, TrainingError, brief, one_line
from ganzoo.files import folder_written_whole
from ganzoo.specs import FileRecord, read_json
from ganzoo.weights import read_tensors, tensor_bytes

FORMAT = 1
TENSORS, ABOUT = "state.safetensors", "state.json"

log = logging.getLogger("ganzoo")


@dataclass(frozen=True)
class Setting:
    """What a checkpoint was made with, which a resumed run must match to continue bit for bit.

    `recipe` and `data` are hashes; a run with others is refused. The rest changes only bits, by the
    order of sums or the choice of kernels, and leads to a warning. `micro_batch` is 0 where a batch
    is not divided; `hardware` and `torch` are empty in checkpoints of versions without them. The
    folder, cadences, trackers and `--no-graph` may change without a warning.
    """

    recipe: str
    data: str
    processes: int
    micro_batch: int
    threads: int
    compile: bool = False
    hardware: str = ""
    torch: str = ""

    def changes(self, now: Setting) -> dict[str, tuple[object, object]]:
        """What has changed and changes bits, by name, with both values."""
        names = (field.name for field in fields(self) if field.name not in ("recipe", "data"))
        pairs = {name: (getattr(self, name), getattr(now, name)) for name in names}
        return {n: (then, new) for n, (then, new) in pairs.items() if then not in ("", new)}


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint, read and verified by its hash."""

    folder: Path
    tensors: dict[str, Tensor]
    plain: dict[str, Any]
    setting: Setting

    def owned_by(self, owner: str) -> dict[str, Tensor]:
        """The tensors of `generator`, `discriminator` or `average`."""
        start = f"{owner}."
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}


def write_checkpoint(state: TrainingState, folder: Path, setting: Setting) -> Path:
    """Write the state into `folder`, named by its images."""
    data = tensor_bytes(state.tensors(), {"format": FORMAT})
    about = {
        "ganzoo_checkpoint": FORMAT,
        "state": state.plain(),
        "setting": vars(setting),
        "well": state.vitals.well,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }
    path = folder / f"{state.images:012d}"
    with folder_written_whole(path) as beside:
        (beside / TENSORS).write_bytes(data)
        (beside / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return path


def save_in_time(
    state: TrainingState,
    folder: Path,
    setting: Setting,
    protected: Callable[[], Container[int]],
    keep: int,
) -> Path:
    """Write a checkpoint, then drop old ones; if the disk is full, drop them first."""
    try:
        path = write_checkpoint(state, folder, setting)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        drop_old(folder, protected(), keep=1)
        path = write_checkpoint(state, folder, setting)
    drop_old(folder, protected(), keep)
    return path


def drop_old(folder: Path, protected: Container[int], keep: int) -> None:
    """Remove all checkpoints but the last `keep` and those of the protected image counts."""
    for old in checkpoint_folders(folder)[keep:]:
        if int(old.name) not in protected:
            shutil.rmtree(old)


def drop_beyond(folder: Path, images: int) -> None:
    """Remove the checkpoints of more images, the newest first, so that a kill leaves no gap."""
    for path in checkpoint_folders(folder):
        if int(path.name) > images:
            shutil.rmtree(path)


def set_aside(folder: Path, images: int) -> None:
    """Rename damaged checkpoints of more images, so that they never count as the newest."""
    for path in checkpoint_folders(folder):
        if int(path.name) > images:
            aside = path.with_name(f"damaged-{path.name}")
            shutil.rmtree(aside, ignore_errors=True)
            path.replace(aside)


def sweep(folder: Path) -> None:
    """Remove what a killed run left half-written; no other process writes there."""
    for left in folder.glob(".*.part"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for left in folder.glob(".*.old"):  # a replacement that was cut short
        for old in left.iterdir():
            if not (folder / old.name).exists():
                old.replace(folder / old.name)
        shutil.rmtree(left)


def checkpoint_folders(folder: Path) -> list[Path]:
    """Checkpoints below `folder`, the newest first."""
    paths = (path for path in folder.glob("[0-9]*") if path.name.isdecimal() and path.is_dir())
    return sorted(paths, reverse=True)


def last_good(folder: Path) -> Checkpoint | None:
    """The newest complete checkpoint; each damaged one before it is named in the log."""
    return first_good(checkpoint_folders(folder))


def first_good(folders: Iterable[Path]) -> Checkpoint | None:
    """The first complete checkpoint among folders."""
    for path in folders:
        try:
            return read_checkpoint(path)
        except (GanzooError, KeyError, TypeError, AttributeError) as error:
            log.warning("checkpoint %s is damaged and is skipped: %s", path, one_line(error))
    return None


def is_well(path: Path) -> bool:
    """Whether the training was healthy at a checkpoint; False for a damaged one."""
    try:
        return read_json(path / ABOUT)["well"] is True
    except (GanzooError, KeyError, TypeError):
        return False


def read_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint, or raise."""
    about = read_json(path / ABOUT)
    if about["ganzoo_checkpoint"] != FORMAT:
        raise TrainingError(
            f"written in format {brief(about['ganzoo_checkpoint'])}, this ganzoo reads {FORMAT}; "
            "resume with the version that began the run"
        )
    record = FileRecord(about["sha256"], about["bytes"])
    tensors = read_tensors(path / TENSORS, record)
    return Checkpoint(path, tensors, about["state"], Setting(**about["setting"]))
