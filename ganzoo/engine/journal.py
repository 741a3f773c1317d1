"""What a training writes down on its way: means of its figures, a row at a time."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.files import written_whole


class Meter:
    """Means of named values since they were last read; they stay on the device until then."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    @torch.no_grad()
    def add(self, name: str, values: Tensor) -> None:
        """Take in values of any shape."""
        mean = values.detach().float().mean()
        self._sums[name] = self._sums[name] + mean if name in self._sums else mean
        self._counts[name] = self._counts.get(name, 0) + 1

    def read(self) -> dict[str, float]:
        """The means as plain floats, and start again."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return means


class MetricsFile:
    """metrics.jsonl: one JSON object a row, each with its `images`."""

    def __init__(self, path: Path, images: int) -> None:
        self.path = path
        if path.exists():
            self._cut(images)

    def append(self, row: dict[str, float]) -> None:
        """Add a row, and let it reach the disk's hands."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _cut(self, images: int) -> None:
        """Drop rows beyond the checkpoint that the run goes on from."""
        kept = [
            line
            for line in self.path.read_text(encoding="utf-8").splitlines()
            if _images_of(line) <= images
        ]
        with written_whole(self.path) as beside:
            beside.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def _images_of(line: str) -> float:
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # torn by whatever ended the run
