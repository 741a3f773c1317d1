"""DCGAN's networks (Radford, Metz and Chintala 2016): strided convolutions only.

Section 3: no pooling, batch norm everywhere except at the generator's output and the
discriminator's input, ReLU and tanh in the generator, leaky ReLU in the discriminator.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import (
    LeakyReLU,
    NarrowConvTranspose2d,
    Size,
    embedding,
    halved_sides,
    halving_kernel,
)

#: The image's side, or the lesser of two: sides that halve to 4 (figure 1).
SIDES = (16, 28, 32, 64, 128)
#: The widest layer as a multiple of the one next to the image: 1024 for 128 in the paper.
MAX_FACTOR = 8
LEAK = 0.2  # section 4
INIT_STD = 0.02  # section 4


def widths(size: Size, width: int) -> list[int]:
    """Channels of the feature maps from the one next to the image to the smallest."""
    return [
        width * min(2**stage, MAX_FACTOR) for stage in range(len(halved_sides(size, SIDES)) - 1)
    ]


def check(size: Size, channels: int) -> None:
    """Refuse arguments for which the family has no layers."""
    halved_sides(size, SIDES)
    if channels not in (1, 3, 4):
        raise ValueError(f"channels is 1, 3, or 4 with alpha, found {channels}")


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and scales of batch norm from N(1, 0.02) (section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, INIT_STD)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, INIT_STD)
        nn.init.zeros_(module.bias)


class DCGANGenerator(Generator):
    """Latents [N, D] -> images [N, C, H, W] in [-1, 1].

    `size` is 16, 28, 32, 64 or 128, or [height, width], of which the lesser is one of these and the
    greater is even; `width` is the number of channels next to the image. With `num_classes`, an
    embedding of the label is appended to the latent (Mirza and Osindero 2014); with
    `condition_shape` [K], one of K numbers.
    """

    def __init__(
        self,
        latent_dim: int = 100,
        size: Size = 64,
        channels: int = 1,
        width: int = 64,
        num_classes: int | None = None,
        label_dim: int = 32,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check(size, channels)
        self.latent_dim = latent_dim
        start, *sides = halved_sides(size, SIDES)[::-1]
        self.sample_shape = (channels, *sides[-1])
        self.num_classes = num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.labels = embedding(num_classes, condition_shape, label_dim)
        sizes = widths(size, width)[::-1]
        inputs = latent_dim + (0 if self.labels is None else label_dim)
        self.project = nn.Sequential(
            nn.Linear(inputs, sizes[0] * prod(start), bias=False),
            nn.Unflatten(1, (sizes[0], *start)),
            nn.BatchNorm2d(sizes[0]),
            nn.ReLU(inplace=True),
        )
        layers: list[nn.Module] = []
        for (wide, narrow), side in zip(pairwise(sizes), sides, strict=False):
            layers += [
                nn.ConvTranspose2d(
                    wide, narrow, halving_kernel(side), stride=2, padding=1, bias=False
                ),
                nn.BatchNorm2d(narrow),
                nn.ReLU(inplace=True),
            ]
        layers += [NarrowConvTranspose2d(sizes[-1], channels, 4, stride=2, padding=1), nn.Tanh()]
        self.grow = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels [N] or conditions [N, K] -> images [N, C, H, W] in [-1, 1]."""
        if self.labels is not None:
            latents = torch.cat([latents, self.labels(labels)], dim=1)
        images: Tensor = self.grow(self.project(latents))
        return images


class DCGANDiscriminator(Discriminator):
    """Images [N, C, H, W] -> raw scores [N].

    With `num_classes` the label, with `condition_shape` [K] the K numbers are compared with the
    features by projection (Miyato and Koyama 2018, eq. 3). `batch_norm=False` omits it, as
    penalties for single samples require; `dropout` is the share of features that are dropped before
    the score.
    """

    def __init__(
        self,
        size: Size = 64,
        channels: int = 1,
        width: int = 64,
        num_classes: int | None = None,
        batch_norm: bool = True,
        dropout: float = 0.0,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check(size, channels)
        image, *sides = halved_sides(size, SIDES)
        self.sample_shape = (channels, *image)
        self.num_classes = num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.independent = not batch_norm
        sizes = widths(size, width)
        layers: list[nn.Module] = [
            nn.Conv2d(channels, sizes[0], 4, stride=2, padding=1),
            LeakyReLU(LEAK, inplace=True),
        ]
        for (narrow, wide), side in zip(pairwise(sizes), sides, strict=False):
            layers.append(
                nn.Conv2d(
                    narrow, wide, halving_kernel(side), stride=2, padding=1, bias=not batch_norm
                )
            )
            if batch_norm:
                layers.append(nn.BatchNorm2d(wide))
            layers.append(LeakyReLU(LEAK, inplace=True))
        features = sizes[-1] * prod(sides[-1])
        self.shrink = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout))
        self.score = nn.Linear(features, 1)
        self.labels = embedding(num_classes, condition_shape, features)
        self.apply(initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, H, W] and labels [N] or conditions [N, K] -> scores [N]."""
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N], and `features` [N, F] of the last layer before them."""
        features: Tensor = self.shrink(samples)
        scores: Tensor = self.score(features).squeeze(1)
        if self.labels is not None:
            scores = scores + (self.labels(labels) * features).sum(1)
        return {"scores": scores, "features": features}
