"""Multilayer perceptrons for points, on which modes are counted.

The usual networks of these toys are two hidden layers of 128 rectified units (Srivastava et al.
2017, VEEGAN). Lin et al. 2018 (PacGAN, section 4.1) train larger ones, which are here as arguments:
a generator of `widths` (400, 400, 400, 400) with batch norm on latents of 2, a discriminator of
`widths` (200, 200, 200) with maxout units of 5 `pieces`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU
from ganzoo_bench.packing import check_pack, packed

LEAK = 0.2


class PointsGenerator(Generator):
    """Latents [N, D] -> points [N, sample_dim], unbounded, through rectified layers."""

    def __init__(
        self,
        sample_dim: int = 2,
        latent_dim: int = 2,
        widths: Sequence[int] = (128, 128),
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = (sample_dim,)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([latent_dim, *widths]):
            layers.append(nn.Linear(inputs, outputs, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm1d(outputs))
            layers.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*layers, nn.Linear([latent_dim, *widths][-1], sample_dim))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> points [N, sample_dim]."""
        points: Tensor = self.layers(latents)
        return points


class Maxout(nn.Linear):
    """The greatest of `pieces` linear maps: [N, F] -> [N, units] (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, features: Tensor) -> Tensor:
        """Features [N, inputs] -> [N, units]."""
        maps = super().forward(features)
        return maps.reshape(len(maps), -1, self.pieces).max(2).values


class PointsDiscriminator(Discriminator):
    """Points [N, sample_dim] -> raw scores [N / pack].

    Layers have leaky rectified units, or maxout units if `pieces` is more than one.
    """

    def __init__(
        self,
        sample_dim: int = 2,
        widths: Sequence[int] = (128, 128),
        pieces: int = 1,
        pack: int = 1,
    ) -> None:
        super().__init__()
        if pieces < 1:
            raise ValueError(f"pieces must be 1 or more, found {pieces}")
        self.sample_shape = (sample_dim,)
        self.pack = check_pack(pack)
        self.independent = pack == 1
        layers: list[nn.Module] = []
        for inputs, units in pairwise([pack * sample_dim, *widths]):
            if pieces > 1:
                layers.append(Maxout(inputs, units, pieces))
            else:
                layers += [nn.Linear(inputs, units), LeakyReLU(LEAK, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear([pack * sample_dim, *widths][-1], 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Points [N, sample_dim] -> scores [N / pack]."""
        scores: Tensor = self.layers(packed(samples, self.pack))
        return scores.squeeze(1)
