"""A small convolutional generator for the Wasserstein games, and a critic for each.

Any generator will do (Arjovsky et al. 2017 take DCGAN's). This one convolves at the low resolution
and then repeats each pixel, at half the cost of a transposed convolution, and smooths once at full
size. Clipping works with batch norm in the critic. A gradient penalty applies to single samples,
which batch norm would tie to their batch (Gulrajani et al. 2017, section 4), so that critic has
none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU, NarrowConv2d, Size, halved_sides, halving_kernel

#: The image's side, or the lesser of two: sides that halve to 4.
SIDES = (28, 32, 64)
LEAK = 0.2


def widths(size: Size, channels: int, width: int) -> list[int]:
    """Channels of the feature maps from the image's side to the smallest."""
    if channels not in (1, 3, 4):
        raise ValueError(f"channels is 1, 3, or 4 with alpha, found {channels}")
    return [width * 2**stage for stage in range(len(halved_sides(size, SIDES)) - 1)]


class WGANGenerator(Generator):
    """Latents [N, D] -> images [N, C, H, W] in [-1, 1].

    `size` is 28, 32 or 64, or [height, width], of which the lesser is one of these and the greater
    is even.
    """

    def __init__(
        self, latent_dim: int = 64, size: Size = 28, channels: int = 1, width: int = 32
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        start, *sides = halved_sides(size, SIDES)[::-1]
        self.sample_shape = (channels, *sides[-1])
        sizes = widths(size, channels, width)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, sizes[0] * prod(start), bias=False),
            nn.Unflatten(1, (sizes[0], *start)),
            nn.BatchNorm2d(sizes[0]),
            nn.ReLU(inplace=True),
        ]
        for (wide, narrow), side in zip(pairwise([*sizes, width]), sides, strict=True):
            layers += [
                nn.Conv2d(wide, narrow, 3, padding=1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.ReLU(inplace=True),
                nn.Upsample(side),
            ]
        layers += [NarrowConv2d(width, channels, 5, padding=2), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> images [N, C, H, W] in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images


class Critic(Discriminator, ABC):
    """Images [N, C, H, W] -> scores [N], through strided convolutions."""

    def __init__(self, size: Size = 28, channels: int = 1, width: int = 32) -> None:
        super().__init__()
        image, *sides = halved_sides(size, SIDES)
        self.sample_shape = (channels, *image)
        sizes = widths(size, channels, width)
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            LeakyReLU(LEAK, inplace=True),
        ]
        for (narrow, wide), side in zip(pairwise(sizes), sides, strict=False):
            layers.append(nn.Conv2d(narrow, wide, halving_kernel(side), stride=2, padding=1))
            layers += [self.norm(wide), LeakyReLU(LEAK, inplace=True)]
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(sizes[-1] * prod(sides[-1]), 1), nn.Flatten(0)
        )

    @staticmethod
    @abstractmethod
    def norm(channels: int) -> nn.Module:
        """The normalisation after a convolution."""

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, H, W] -> scores [N]."""
        scores: Tensor = self.layers(samples)
        return scores


class ClippedCritic(Critic):
    """The critic for weight clipping, with batch norm (Arjovsky et al. 2017, section 4)."""

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """Batch norm, which keeps the scale that small weights would lose."""
        return nn.BatchNorm2d(channels)


class PenalisedCritic(Critic):
    """The critic for a gradient penalty, without batch norm (Gulrajani et al. 2017)."""

    independent = True

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """None, since the penalty applies to single samples."""
        return nn.Identity(channels)
