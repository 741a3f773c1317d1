"""The two players: small multi-layer perceptrons, to be replaced by yours."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from ganzoo import Discriminator, Generator


class MyGanGenerator(Generator):
    """Latents [N, D] -> samples [N, *S]; images lie in [-1, 1], points lie anywhere."""

    def __init__(
        self, sample_shape: Sequence[int] = (2,), latent_dim: int = 16, width: int = 128
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = tuple(sample_shape)
        images = len(self.sample_shape) == 3
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, prod(self.sample_shape)),
            nn.Tanh() if images else nn.Identity(),
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> samples [N, *S]."""
        return self.layers(latents).unflatten(1, self.sample_shape)


class MyGanDiscriminator(Discriminator):
    """Samples [N, *S] -> scores [N]: raw, and higher for what looks real."""

    #: No score depends on the other samples of its batch, so real and fake share one pass.
    independent = True

    def __init__(self, sample_shape: Sequence[int] = (2,), width: int = 128) -> None:
        super().__init__()
        self.sample_shape = tuple(sample_shape)
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(self.sample_shape), width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> scores [N]."""
        return self.layers(samples).squeeze(1)
