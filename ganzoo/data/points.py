"""Gaussian mixtures in the plane, whose modes can be counted: PacGAN's ring and grid.

Their parameters are those of Lin et al. 2018 (arXiv 1712.04086). A sample has high quality if it
lies within three `sigma` of one of the `centres`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo.data.devices import beside, moved_if_room
from ganzoo.data.pixels import check_split
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive


class GaussianMixture(Dataset):
    """`length` fixed points around `centres` [K, 2], each from a mode drawn uniformly.

    `sigma` is the standard deviation of every mode in each direction; labels are the modes. The
    points depend only on `name` and `split` (the seed) and on the arguments.
    """

    kind = "points"
    sample_shape = (2,)
    value_range = None

    def __init__(self, name: str, centres: Tensor, sigma: float, length: int, split: str) -> None:
        check_split(split)
        if length < 1 or not 0 <= sigma < math.inf:
            raise DataError(
                f"length must be 1 or more and sigma 0 or more, found {length} and {sigma}"
            )
        rng = torch.Generator().manual_seed(derive(name, split))
        self.centres, self.sigma, self.num_classes = centres, sigma, len(centres)
        self.labels = torch.randint(len(centres), (length,), generator=rng)
        self.points = centres[self.labels] + sigma * torch.randn(length, 2, generator=rng)

    def __len__(self) -> int:
        return len(self.points)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> points float32 [N, 2], modes int64 [N]."""
        rows = beside(indices, self.points)
        return self.points.index_select(0, rows), self.labels.index_select(0, rows)

    def class_counts(self) -> Tensor:
        """Number of points of each mode, int64 [num_classes]."""
        return self.labels.cpu().bincount(minlength=len(self.centres))

    def to(self, device: torch.device) -> None:
        """Move the points and their labels to the device if they fit there."""
        self.points, self.labels = moved_if_room(device, self.points, self.labels)


class Ring(GaussianMixture):
    """Modes evenly spaced on a circle, anticlockwise from mode 0 at (radius, 0)."""

    def __init__(
        self,
        modes: int = 8,
        radius: float = 1.0,
        sigma: float = 0.01,
        length: int = 100_000,
        split: str = "train",
    ) -> None:
        if modes < 1 or not 0 < radius < math.inf:
            raise DataError(
                f"modes must be 1 or more and radius above 0, found {modes} and {radius}"
            )
        angles = torch.arange(modes) * (2 * math.pi / modes)
        centres = radius * torch.stack([angles.cos(), angles.sin()], 1)
        super().__init__("ring", centres, sigma, length, split)


class Grid(GaussianMixture):
    """`side` times `side` modes on a square grid around the origin, row by row from bottom left."""

    def __init__(
        self,
        side: int = 5,
        spacing: float = 2.0,
        sigma: float = 0.05,
        length: int = 100_000,
        split: str = "train",
    ) -> None:
        if side < 1 or not 0 < spacing < math.inf:
            raise DataError(
                f"side must be 1 or more and spacing above 0, found {side} and {spacing}"
            )
        line = spacing * (torch.arange(side) - (side - 1) / 2)
        centres = torch.cartesian_prod(line, line).flip(1)
        super().__init__("grid", centres, sigma, length, split)
