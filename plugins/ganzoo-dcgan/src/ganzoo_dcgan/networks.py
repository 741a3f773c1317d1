"""DCGAN's networks (Radford, Metz and Chintala 2016): convolutions with stride, nothing else.

Section 3: no pooling, batch norm everywhere but at the generator's output and the
discriminator's input, ReLU and tanh in the generator, leaky ReLU in the discriminator.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU, NarrowConvTranspose2d

#: Sides of the feature maps from the image down to 4 (figure 1), each half of the one before.
SIDES = {
    28: (28, 14, 7, 4),
    32: (32, 16, 8, 4),
    64: (64, 32, 16, 8, 4),
    128: (128, 64, 32, 16, 8, 4),
}
#: Widest layer, as a multiple of the one next to the image: the paper's 1024 for 128.
MAX_FACTOR = 8
LEAK = 0.2  # section 4
INIT_STD = 0.02  # section 4


def widths(size: int, width: int) -> list[int]:
    """Channels of the feature maps from the one next to the image to the smallest."""
    return [width * min(2**stage, MAX_FACTOR) for stage in range(len(SIDES[size]) - 1)]


def kernel(side: int) -> int:
    """The kernel that halves a map of this side, or doubles one to it: 7 and 4 are odd partners."""
    return 4 if side % 2 == 0 else 3


def check(size: int, channels: int, num_classes: int | None) -> None:
    """Refuse what the family has no layers for."""
    if size not in SIDES:
        raise ValueError(f"size is one of {', '.join(map(str, SIDES))}, found {size}")
    if channels not in (1, 3):
        raise ValueError(f"channels is 1 or 3, found {channels}")
    if num_classes is not None and num_classes < 2:
        raise ValueError(f"num_classes is 2 or more, or None; found {num_classes}")


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and scales of batch norm from N(1, 0.02) (section 4)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, INIT_STD)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, INIT_STD)
        nn.init.zeros_(module.bias)


class DCGANGenerator(Generator):
    """Latents [N, D] -> images [N, C, size, size] in [-1, 1].

    `size` is 28, 32, 64 or 128; `width` the channels of the layer next to the image. With
    `num_classes`, an embedding of the label joins the latent (Mirza and Osindero 2014).
    """

    def __init__(
        self,
        latent_dim: int = 100,
        size: int = 64,
        channels: int = 1,
        width: int = 64,
        num_classes: int | None = None,
        label_dim: int = 32,
    ) -> None:
        super().__init__()
        check(size, channels, num_classes)
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        self.num_classes = num_classes
        self.labels = None if num_classes is None else nn.Embedding(num_classes, label_dim)
        sizes, sides = widths(size, width)[::-1], SIDES[size][::-1]
        inputs = latent_dim + (label_dim if num_classes is not None else 0)
        self.project = nn.Sequential(
            nn.Linear(inputs, sizes[0] * sides[0] ** 2, bias=False),
            nn.Unflatten(1, (sizes[0], sides[0], sides[0])),
            nn.BatchNorm2d(sizes[0]),
            nn.ReLU(inplace=True),
        )
        layers: list[nn.Module] = []
        for (wide, narrow), side in zip(pairwise(sizes), sides[1:], strict=False):
            layers += [
                nn.ConvTranspose2d(wide, narrow, kernel(side), stride=2, padding=1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.ReLU(inplace=True),
            ]
        layers += [NarrowConvTranspose2d(sizes[-1], channels, 4, stride=2, padding=1), nn.Tanh()]
        self.grow = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels [N] -> images [N, C, size, size] in [-1, 1]."""
        if self.labels is not None:
            latents = torch.cat([latents, self.labels(labels)], dim=1)
        images: Tensor = self.grow(self.project(latents))
        return images


class DCGANDiscriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N].

    With `num_classes` the label is compared with the features by projection (Miyato and Koyama
    2018, eq. 3). `batch_norm=False` leaves it out, as a penalty for each sample asks for;
    `dropout` is the share of features dropped before the score.
    """

    def __init__(
        self,
        size: int = 64,
        channels: int = 1,
        width: int = 64,
        num_classes: int | None = None,
        batch_norm: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check(size, channels, num_classes)
        self.sample_shape = (channels, size, size)
        self.num_classes = num_classes
        self.independent = not batch_norm
        sizes, sides = widths(size, width), SIDES[size]
        layers: list[nn.Module] = [
            nn.Conv2d(channels, sizes[0], 4, stride=2, padding=1),
            LeakyReLU(LEAK, inplace=True),
        ]
        for (narrow, wide), side in zip(pairwise(sizes), sides[1:], strict=False):
            layers.append(
                nn.Conv2d(narrow, wide, kernel(side), stride=2, padding=1, bias=not batch_norm)
            )
            if batch_norm:
                layers.append(nn.BatchNorm2d(wide))
            layers.append(LeakyReLU(LEAK, inplace=True))
        features = sizes[-1] * sides[-1] ** 2
        self.shrink = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout))
        self.score = nn.Linear(features, 1)
        self.labels = None if num_classes is None else nn.Embedding(num_classes, features)
        self.apply(initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] and labels [N] -> scores [N]."""
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N], and `features` [N, F] of the last layer before them."""
        features: Tensor = self.shrink(samples)
        scores: Tensor = self.score(features).squeeze(1)
        if self.labels is not None:
            scores = scores + (self.labels(labels) * features).sum(1)
        return {"scores": scores, "features": features}
