"""Checkpoints: safetensors and JSON, written beside and renamed, found even if one is torn."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.engine.state import TrainingState
from ganzoo.errors import GanzooError
from ganzoo.files import folder_written_whole
from ganzoo.specs import FileRecord, read_json
from ganzoo.weights import read_tensors, tensor_bytes

FORMAT = 1
KEEP = 2
TENSORS, ABOUT = "state.safetensors", "state.json"

log = logging.getLogger("ganzoo")


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint, read and held to its hash."""

    folder: Path
    tensors: dict[str, Tensor]
    plain: dict[str, Any]
    recipe_hash: str
    threads: int


def write_checkpoint(state: TrainingState, folder: Path, recipe_hash: str) -> Path:
    """Write the state into `folder`, named by its images, and drop all but the last few."""
    data = tensor_bytes(state.tensors(), {"format": FORMAT})
    about = {
        "ganzoo_checkpoint": FORMAT,
        "state": state.plain(),
        "recipe_hash": recipe_hash,
        "threads": torch.get_num_threads(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }
    path = folder / f"{state.images:012d}"
    with folder_written_whole(path) as beside:
        (beside / TENSORS).write_bytes(data)
        (beside / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    for old in checkpoint_folders(folder)[KEEP:]:
        shutil.rmtree(old)
    return path


def sweep(folder: Path) -> None:
    """Remove what a killed run left half-written; only its own process writes there."""
    for left in folder.glob(".*.part"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    for left in folder.glob(".*.old"):  # a replacement that was cut short
        for old in left.iterdir():
            if not (folder / old.name).exists():
                old.replace(folder / old.name)
        shutil.rmtree(left)


def checkpoint_folders(folder: Path) -> list[Path]:
    """Checkpoints below `folder`, the newest first."""
    return sorted((path for path in folder.glob("[0-9]*") if path.is_dir()), reverse=True)


def last_good(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; each torn one before it is named in the log."""
    for path in checkpoint_folders(folder):
        try:
            return read_checkpoint(path)
        except (GanzooError, KeyError, TypeError) as error:
            log.warning("checkpoint %s is damaged and is passed over: %s", path, error)
    return None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint, or raise."""
    about = read_json(path / ABOUT)
    record = FileRecord(about["sha256"], about["bytes"])
    tensors = read_tensors(path / TENSORS, record)
    return Checkpoint(path, tensors, about["state"], about["recipe_hash"], about["threads"])
