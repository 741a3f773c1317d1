"""Rounds made by hand, to look at a loss without an engine."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Discriminator, Generator, Player, Round
from tiny import TinyGenerator


def round_of(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    *,
    generator: Generator | None = None,
    latents: Tensor | None = None,
    labels: Tensor | None = None,
    turn: int = 0,
    logged: dict[str, Tensor] | None = None,
    seed: int = 0,
) -> Round:
    """A round of the given samples; what the loss logs lands in `logged`."""
    rng = torch.Generator().manual_seed(seed)
    seen = {} if logged is None else logged
    return Round(
        real=real,
        fake=fake,
        latents=torch.zeros(len(fake), 4) if latents is None else latents,
        labels=labels,
        discriminator=Player(discriminator, labels),
        generator=Player(TinyGenerator() if generator is None else generator, labels),
        images_seen=0,
        step=0,
        turn=turn,
        uniform=lambda *shape: torch.rand(shape, generator=rng),
        normal=lambda *shape: torch.randn(shape, generator=rng),
        log=lambda name, values: seen.__setitem__(name, values),
    )


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
