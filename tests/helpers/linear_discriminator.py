"""A discriminator of which everything is known."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Discriminator


class LinearDiscriminator(Discriminator):
    """A score that is linear in the sample, so that every penalty has a closed form.

    `weights` [F] scores a sample, [F, K] its K patches; with `pack` m, [m * F] a pack of m.
    """

    def __init__(self, weights: Tensor, pack: int = 1) -> None:
        super().__init__()
        self.weights = torch.nn.Parameter(weights)
        self.pack = pack
        self.sample_shape = (len(weights) // pack,)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return samples.reshape(len(samples) // self.pack, -1) @ self.weights
