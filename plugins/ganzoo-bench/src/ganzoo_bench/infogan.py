"""InfoGAN's networks for MNIST (Chen et al. 2016, table 1), without its codes.

Lucic et al. 2018 train every game with them, on latents of 64 that are uniform in [-1, 1]. Batch
norm comes before the activation, and the image goes through a tanh, since images lie in [-1, 1]
here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU, NarrowConvTranspose2d

LEAK = 0.2


def quarter(size: int) -> int:
    """Side of the smallest feature maps: convolutions halve the image twice."""
    if not isinstance(size, int) or size < 4 or size % 4:
        raise ValueError(f"size is a multiple of 4, found {size!r}")
    return size // 4


class InfoGANGenerator(Generator):
    """Latents [N, D], uniform in [-1, 1] -> images [N, C, size, size] in [-1, 1]."""

    def __init__(self, latent_dim: int = 64, size: int = 28, channels: int = 1) -> None:
        super().__init__()
        side = quarter(size)
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 1024, bias=False),
            nn.BatchNorm1d(1024),
            nn.ReLU(inplace=True),
            nn.Linear(1024, 128 * side * side, bias=False),
            nn.BatchNorm1d(128 * side * side),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (128, side, side)),
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            NarrowConvTranspose2d(64, channels, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> images [N, C, size, size] in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Latents [n, D], uniform in [-1, 1]."""
        return torch.rand(n, self.latent_dim, generator=rng) * 2 - 1


class InfoGANDiscriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N].

    `batch_norm=False` leaves it out, as a penalty for each sample asks for.
    """

    def __init__(self, size: int = 28, channels: int = 1, batch_norm: bool = True) -> None:
        super().__init__()
        side = quarter(size)
        self.sample_shape = (channels, size, size)
        self.independent = not batch_norm
        biased = not batch_norm
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, 4, stride=2, padding=1),
            LeakyReLU(LEAK, inplace=True),
            nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=biased),
            nn.BatchNorm2d(128) if batch_norm else nn.Identity(),
            LeakyReLU(LEAK, inplace=True),
            nn.Flatten(),
            nn.Linear(128 * side * side, 1024, bias=biased),
            nn.BatchNorm1d(1024) if batch_norm else nn.Identity(),
            LeakyReLU(LEAK, inplace=True),
            nn.Linear(1024, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] -> scores [N]."""
        scores: Tensor = self.layers(samples)
        return scores.squeeze(1)
