"""A small convolutional generator for the Wasserstein games, and a critic for each.

The games ask little of the generator (Arjovsky et al. 2017 take DCGAN's). This one convolves at
the low resolution and then repeats each pixel, which costs half of what a transposed convolution
does, and smooths once at full size. Clipping works with batch norm in the critic; a gradient
penalty is for each sample, which batch norm would tie to its batch (Gulrajani et al. 2017,
section 4), so that critic has none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU, NarrowConv2d

#: Sides of the feature maps from the image down to 4, each half of the one before.
SIDES = {28: (28, 14, 7, 4), 32: (32, 16, 8, 4), 64: (64, 32, 16, 8, 4)}
LEAK = 0.2


def widths(size: int, channels: int, width: int) -> list[int]:
    """Channels of the feature maps from the image's side to the smallest."""
    if size not in SIDES:
        raise ValueError(f"size is one of {', '.join(map(str, SIDES))}, found {size}")
    if channels not in (1, 3):
        raise ValueError(f"channels is 1 or 3, found {channels}")
    return [width * 2**stage for stage in range(len(SIDES[size]) - 1)]


class WGANGenerator(Generator):
    """Latents [N, D] -> images [N, C, size, size] in [-1, 1]; size is 28, 32 or 64."""

    def __init__(
        self, latent_dim: int = 64, size: int = 28, channels: int = 1, width: int = 32
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        sizes = widths(size, channels, width)[::-1]
        start, *sides = SIDES[size][::-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, sizes[0] * start * start, bias=False),
            nn.Unflatten(1, (sizes[0], start, start)),
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
        """Latents [N, D] -> images [N, C, size, size] in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images


class Critic(Discriminator, ABC):
    """Images [N, C, size, size] -> scores [N], through convolutions with stride."""

    def __init__(self, size: int = 28, channels: int = 1, width: int = 32) -> None:
        super().__init__()
        self.sample_shape = (channels, size, size)
        sizes = widths(size, channels, width)
        sides = SIDES[size]
        layers: list[nn.Module] = [
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            LeakyReLU(LEAK, inplace=True),
        ]
        for (narrow, wide), side in zip(pairwise(sizes), sides[1:], strict=False):
            kernel = 4 if side % 2 == 0 else 3  # 7 -> 4
            layers.append(nn.Conv2d(narrow, wide, kernel, stride=2, padding=1))
            layers += [self.norm(wide), LeakyReLU(LEAK, inplace=True)]
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(sizes[-1] * sides[-1] ** 2, 1), nn.Flatten(0)
        )

    @staticmethod
    @abstractmethod
    def norm(channels: int) -> nn.Module:
        """What normalises the features after a convolution."""

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] -> scores [N]."""
        scores: Tensor = self.layers(samples)
        return scores


class ClippedCritic(Critic):
    """The critic whose weights are clipped, with batch norm (Arjovsky et al. 2017, section 4)."""

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """Batch norm: it keeps the scale that small weights would lose."""
        return nn.BatchNorm2d(channels)


class PenalisedCritic(Critic):
    """The critic under a gradient penalty, without batch norm (Gulrajani et al. 2017)."""

    independent = True

    @staticmethod
    def norm(channels: int) -> nn.Module:
        """Nothing: the penalty is for each sample by itself."""
        return nn.Identity(channels)
