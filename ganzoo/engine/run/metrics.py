"""The figures of a training: means over many steps, a row at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.files import flush, written_whole

#: Steps whose values stay tensors before they become numbers, so that a GPU is seldom waited for.
FOLD = 128
#: A tensor of more values than this is averaged at once instead.
HELD = 4096
REAL_SCORES, FAKE_SCORES = "real_scores", "fake_scores"


class Meter:
    """Means of named values since the last row; the values stay on the device for a while.

    The discriminator's accuracies come from the scores that a loss logs.
    """

    def __init__(self) -> None:
        self.newest: dict[str, Tensor] = {}
        self._held: dict[str, list[Tensor]] = {}
        self._large: dict[str, Tensor] = {}
        self._judged = False
        self._steps = 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, values: Tensor) -> None:
        """Add values of any shape."""
        values = self.newest[name] = values.detach()
        if values.numel() > HELD:
            values = self._mean_at_once(name, values)
        self._held.setdefault(name, []).append(values)

    def _mean_at_once(self, name: str, values: Tensor) -> Tensor:
        """The mean of many values [1]; of many scores, the accuracies of the turn too."""
        if name in (REAL_SCORES, FAKE_SCORES):
            self._large[name] = values
            self._judged = True
        if len(self._large) == 2:
            for accuracy, share in accuracies(
                [self._large[REAL_SCORES]], [self._large[FAKE_SCORES]]
            ).items():
                self._held.setdefault(accuracy, []).append(share)
            self._large = {}
        return values.float().mean().reshape(1)

    def note(self, name: str, value: float) -> None:
        """Add a number."""
        self._sums[name] = self._sums.get(name, 0.0) + value
        self._counts[name] = self._counts.get(name, 0) + 1

    def step_ended(self) -> None:
        """Turn the held values into numbers, every FOLD steps."""
        self._steps += 1
        if self._steps >= FOLD:
            self._fold()

    def read(self) -> dict[str, float]:
        """Return the means as plain floats, by name, and start again.

        Sorted, since a run that resumes adds its first values in another order than one that never
        stopped, and both must write the same row.
        """
        self._fold()
        means = {name: self._sums[name] / self._counts[name] for name in sorted(self._sums)}
        self._sums, self._counts = {}, {}
        return means

    def plain(self) -> dict[str, Any]:
        """What was added, as JSON data; held values become numbers first."""
        self._fold()
        return {"sums": _as_text(self._sums), "counts": dict(self._counts)}

    def restore(self, plain: Mapping[str, Any]) -> None:
        """Go on from what `plain` returned."""
        self._held, self._large, self.newest, self._steps = {}, {}, {}, 0
        self._sums = {name: float(total) for name, total in plain["sums"].items()}
        self._counts = dict(plain["counts"])

    def _fold(self) -> None:
        """Turn the held values into sums and counts."""
        held, self._held, self._steps = self._held, {}, 0
        for name, values in held.items():
            self._sum_up(name, means_of_each(values))
        if self._judged:  # turn by turn, since the scores are many
            return
        for name, right in accuracies(held.get(REAL_SCORES, []), held.get(FAKE_SCORES, [])).items():
            self._sum_up(name, right)

    def _sum_up(self, name: str, means: Tensor) -> None:
        total = math.fsum(means.tolist()) if bool(means.isfinite().all()) else float(means.sum())
        self._sums[name] = self._sums.get(name, 0.0) + total
        self._counts[name] = self._counts.get(name, 0) + len(means)


def means_of_each(values: list[Tensor]) -> Tensor:
    """The mean of each tensor: [T]."""
    rows = as_rows(values)
    return torch.stack([v.float().mean() for v in values]) if rows is None else rows.mean(1)


def accuracies(real: list[Tensor], fake: list[Tensor]) -> dict[str, Tensor]:
    """Each turn's share [T] of real and of fake scores on their side of the middle.

    The middle lies half way between the two means of the turn, so that critics, whose scores have
    no zero point, can be compared too.
    """
    ours, theirs = as_rows(real), as_rows(fake)
    if ours is None or theirs is None or len(ours) != len(theirs):
        return {}
    middle = (ours.mean(1, keepdim=True) + theirs.mean(1, keepdim=True)) / 2
    return {
        "accuracy.real": (ours > middle).float().mean(1),
        "accuracy.fake": (theirs < middle).float().mean(1),
    }


def as_rows(values: list[Tensor]) -> Tensor | None:
    """Tensors of one shape as float32 [T, values]; None if their shapes differ."""
    if not values or any(value.shape != values[0].shape for value in values):
        return None
    return torch.stack(values).float().reshape(len(values), -1)


class MetricsFile:
    """metrics.jsonl: one JSON object a row, each with its `images`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, row: Mapping[str, float]) -> None:
        """Add a row; values that are not finite become null."""
        plain = {name: value if math.isfinite(value) else None for name, value in row.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(plain) + "\n")

    def keep(self) -> None:
        """Flush the rows to the disk, as the checkpoint that goes with them is."""
        if self.path.exists():
            flush(self.path)

    def cut(self, images: int) -> None:
        """Drop rows beyond the checkpoint from which the run resumes."""
        if not self.path.exists():
            return
        kept = [
            line
            for line in self.path.read_text(encoding="utf-8").splitlines()
            if _images_of(line) <= images
        ]
        with written_whole(self.path) as beside:
            beside.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def _as_text(sums: Mapping[str, float]) -> dict[str, str]:
    """Numbers as text, since JSON has no form for those that are not finite."""
    return {name: repr(total) for name, total in sums.items()}


def _images_of(line: str) -> float:
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # torn by a kill
