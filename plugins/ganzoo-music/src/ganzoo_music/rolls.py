"""Piano rolls as data: windows of bars of a data set's pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ganzoo import Dataset
from ganzoo_music.notes import Legend, MusicError, Roll

#: The share of pieces in the test split.
TEST_SHARE = 0.1
SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece's roll [tracks, steps, pitches], and the steps at which its bars begin.

    Pieces of one `lot`, a number in [0, 1), are in one split.
    """

    name: str
    roll: Roll
    bars: npt.NDArray[np.int64]
    lot: float


def lot_of(name: str) -> float:
    """A number in [0, 1) that depends only on a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def check_bars(bars: Any) -> int:
    """The bars of a sample: a whole number of 1 or more."""
    if isinstance(bars, bool) or not isinstance(bars, int) or bars < 1:
        raise MusicError(f"bars is a whole number of 1 or more, found {bars!r}")
    return bars


class PianoRolls(Dataset):
    """Windows of `bars` bars of pieces, float32 [tracks, steps, pitches]: 1 where a note sounds.

    A window begins at each bar after which as many whole bars follow. With `harmonise` the first
    track's roll [1, steps, pitches] is the condition.
    """

    kind = "music"
    value_range = (0.0, 1.0)

    def __init__(
        self,
        pieces: Sequence[Piece],
        legend: Legend,
        name: str,
        bars: int,
        split: str,
        harmonise: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise MusicError(f"split is 'train' or 'test', found {split!r}")
        steps = check_bars(bars) * legend.steps_per_bar
        self.legend, self._harmonise = legend.as_data(), harmonise
        mine = in_split(pieces, split)
        self._rolls = torch.from_numpy(np.concatenate([piece.roll for piece in mine], 1))
        self._starts = torch.from_numpy(_starts(mine, legend.steps_per_bar, bars))
        if not len(self._starts):
            raise MusicError(f"{name} has no {bars} whole bars in a row; ask for fewer bars")
        tracks, _, pitches = self._rolls.shape
        self.sample_shape = (tracks, steps, pitches)
        if harmonise and tracks < 2:
            raise MusicError(
                f"{name} has 1 track, and a melody is harmonised by others; set tracks"
            )
        self.condition_shape = (1, steps, pitches) if harmonise else None
        several = "s" * (len(mine) > 1)
        self.summary = f"{name}: {len(mine)} piece{several}, {len(self):,} windows of {bars} bars"

    def __len__(self) -> int:
        return len(self._starts)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices [N] -> rolls float32 [N, tracks, steps, pitches], and the first track's."""
        starts = self._starts[indices.to(self._starts.device)]
        places = starts[:, None] + torch.arange(self.sample_shape[1], device=starts.device)
        rolls = self._rolls[:, places].transpose(0, 1).float()
        return rolls, rolls[:, :1].clone() if self._harmonise else None

    def to(self, device: torch.device) -> None:
        """Move the rolls to the device: they are small."""
        self._rolls, self._starts = self._rolls.to(device), self._starts.to(device)

    def content_hash(self) -> str:
        """Sha256 over the rolls, the windows' beginnings and their length."""
        digest = hashlib.sha256(f"{self.sample_shape} {self.condition_shape}".encode())
        for tensor in (self._rolls, self._starts):
            digest.update(tensor.cpu().numpy().tobytes())
        return digest.hexdigest()


def in_split(pieces: Sequence[Piece], split: str) -> list[Piece]:
    """The pieces of a split: those with the lowest lots are tests; at least one lot in each."""
    lots = sorted({piece.lot for piece in pieces})
    if len(lots) < 2:
        raise MusicError(
            f"there is {len(lots)} piece, and training and test need one each; give more files"
        )
    limit = min(max(TEST_SHARE, lots[0]), lots[-2])
    return [piece for piece in pieces if (piece.lot <= limit) == (split == "test")]


def _starts(pieces: Sequence[Piece], steps_per_bar: int, bars: int) -> npt.NDArray[np.int64]:
    """Where windows begin in the pieces one after the other."""
    starts, before = [], 0
    for piece in pieces:
        length = piece.roll.shape[1]
        lines = piece.bars[:, None] + steps_per_bar * np.arange(bars + 1)
        whole = (np.isin(lines, piece.bars) | (lines == length)).all(1)
        starts.append(before + piece.bars[whole])
        before += length
    return np.concatenate(starts).astype(np.int64)
