"""Drawings on lossless sheets: their splits, reading them, and the data sets' base class."""

from __future__ import annotations

import hashlib
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo import Dataset, GanzooError

DATA = Path(__file__).with_name("data")
#: The share of drawings or families in the test split.
TEST_SHARE = 0.1
#: The share of a GPU's free memory that drawings may use; the rest is for networks.
GPU_SHARE = 0.25
MODES = {1: "L", 3: "RGB"}


class ArtError(GanzooError):
    """Drawings cannot be provided as requested."""


def lot(name: str) -> float:
    """A number in [0, 1) that depends only on the hash of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def is_test(split: str) -> bool:
    """Whether `split` is the test part; `ArtError` for anything but train and test."""
    if split not in ("train", "test"):
        raise ArtError(f"split is 'train' or 'test', found {split!r}")
    return split == "test"


def check_size(name: str, size: int, sizes: tuple[int, ...]) -> int:
    """The size, if a data set has drawings in it."""
    if size not in sizes:
        there = " and ".join(map(str, sizes))
        raise ArtError(f"{name} has no drawings of size {size!r}; there are those of {there}")
    return size


def read_sheets(folder: Path, side: int, channels: int, wanted: Tensor, size: int) -> Tensor:
    """Read the wanted cells of a folder's sheets, in order: uint8 [M, channels, size, size].

    Cells are squares of `side` pixels, row by row; `wanted` is bool [cells of all sheets].
    """
    drawings = np.empty((int(wanted.sum()), channels, size, size), np.uint8)
    left, filled = wanted.numpy(), 0
    for sheet in sorted(folder.glob("sheet-*.webp")):
        cells = _cells(sheet, side, channels)
        kept = cells[left[: len(cells)]]
        drawings[filled : filled + len(kept)] = _resized(kept, size).transpose(0, 3, 1, 2)
        left, filled = left[len(cells) :], filled + len(kept)
    if left.size:
        raise ArtError(f"{folder} lacks sheets of {left.size} drawings; install ganzoo-art again")
    return torch.from_numpy(drawings)


def _cells(sheet: Path, side: int, channels: int) -> np.ndarray[Any, Any]:
    """The cells of one sheet: uint8 [cells, side, side, channels]."""
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert(MODES[channels]))
    down, across = pixels.shape[0] // side, pixels.shape[1] // side
    cells = pixels.reshape(down, side, across, side, channels).swapaxes(1, 2)
    return cells.reshape(-1, side, side, channels)


def _resized(cells: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """Cells [N, H, H, C] enlarged or reduced by a whole number: repeated or averaged."""
    side, channels = cells.shape[1], cells.shape[3]
    if size >= side:
        times = size // side
        return cells.repeat(times, 1).repeat(times, 2)
    times = side // size
    sums = np.full((len(cells), size, size, channels), times**2 // 2, np.uint16)
    for row, column in product(range(times), repeat=2):
        sums += cells[:, row::times, column::times]
    means: np.ndarray[Any, Any] = sums // times**2
    return means


class Drawings(Dataset):
    """Drawings uint8 [M, C, H, W] with labels int64 [M] or conditions float32 [M, K], or neither.

    `class_names` are the labels' names in order.
    """

    #: The attribution that must accompany the drawings and works derived from them, or empty.
    attribution: ClassVar[str] = ""
    condition_shape: tuple[int, ...] | None = None

    def __init__(self, drawings: Tensor, labels: Tensor | None = None) -> None:
        self.drawings, self.labels = drawings, labels
        self.sample_shape = tuple(drawings.shape[1:])

    def __len__(self) -> int:
        return len(self.drawings)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices [N] -> drawings float32 [N, C, H, W] in [-1, 1], labels or conditions or None."""
        rows = indices.to(self.drawings.device, non_blocking=self.drawings.is_cuda)
        drawings = self.drawings.index_select(0, rows).float().div_(127.5).sub_(1.0)
        return drawings, None if self.labels is None else self.labels.index_select(0, rows)

    def to(self, device: torch.device) -> None:
        """Move everything to the device if it fits there."""
        held = [self.drawings] if self.labels is None else [self.drawings, self.labels]
        if device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(device)
            if sum(tensor.nbytes for tensor in held) > GPU_SHARE * free:
                return
        elif device.type != "cpu":
            return
        self.drawings = self.drawings.to(device)
        self.labels = None if self.labels is None else self.labels.to(device)

    def content_hash(self) -> str:
        """Sha256 over all pixels and labels or conditions, in order."""
        digest = hashlib.sha256(self.drawings.cpu().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.cpu().numpy().data)
        return digest.hexdigest()
