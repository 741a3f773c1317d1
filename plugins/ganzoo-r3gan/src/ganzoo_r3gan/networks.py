"""R3GAN's networks (Huang et al. 2024): residual, without normalisation, mirrors of each other.

Section 3 of the paper: stages with sides 4, 8, ... up to the image's, each a transition and
residual blocks. Transitions resample by [1, 2, 1] and change widths by a 1x1 convolution, which is
applied to the smaller map, since the two commute. Biases precede leaky ReLUs only. The image has no
nonlinearity; in eval mode it is clamped to [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import doubled_sides, embedding, stage_widths
from ganzoo_r3gan.layers import Double, Halve, Residual, draw

LARGEST = 1024


def widths_of(
    widths: int | Sequence[int], size: int, expansion: int, group_width: int | None
) -> list[int]:
    """Channels of each stage from the smallest map to the image's, checked."""
    channels = stage_widths(widths, doubled_sides(size, LARGEST))
    if expansion < 1:
        raise ValueError(f"expansion is 1 or more, found {expansion}")
    for width in channels:
        if group_width is not None and (group_width < 1 or width * expansion % group_width):
            raise ValueError(
                f"widths times expansion are multiples of group_width {group_width}, found "
                f"{width} times {expansion}; group_width None makes convolutions dense"
            )
    return channels


def check(channels: int, blocks: int) -> None:
    """Refuse arguments for which there is no network."""
    if channels < 1 or blocks < 1:
        raise ValueError(f"channels and blocks are 1 or more, found {channels} and {blocks}")


def point(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution without bias."""
    layer = nn.Conv2d(inputs, outputs, 1, bias=False)
    draw(layer)
    return layer


class R3GANGenerator(Generator):
    """Latents [N, D] -> images [N, C, size, size].

    `size` is 4 or 7 doubled; `widths` is the channels of all stages, or a list from the smallest
    map to the image (768 in the paper's CIFAR-10). Each stage has `blocks` blocks, which widen by
    `expansion` and convolve in groups of `group_width` channels; None makes convolutions dense,
    which a CPU differentiates faster. With `num_classes`, an embedding [label_dim] of the label is
    appended to the latent; with `condition_shape` [K], one of K numbers.
    """

    def __init__(
        self,
        latent_dim: int = 64,
        size: int = 32,
        channels: int = 3,
        widths: int | Sequence[int] = 128,
        blocks: int = 2,
        expansion: int = 2,
        group_width: int | None = 16,
        num_classes: int | None = None,
        label_dim: int = 64,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check(channels, blocks)
        stages = widths_of(widths, size, expansion, group_width)
        base, *_ = doubled_sides(size, LARGEST)
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        self.num_classes = num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.labels = embedding(num_classes, condition_shape, label_dim)
        inputs = latent_dim + (0 if self.labels is None else label_dim)
        self.scale = nn.Linear(inputs, stages[0], bias=False)
        draw(self.scale)
        self.basis = nn.Parameter(torch.randn(stages[0], base, base))
        layers: list[nn.Module] = []
        for before, width in pairwise([stages[0], *stages]):
            if layers:
                layers += [*([point(before, width)] if width != before else []), Double()]
            layers += [
                Residual(width, expansion, group_width, blocks * len(stages)) for _ in range(blocks)
            ]
        self.grow = nn.Sequential(*layers, point(stages[-1], channels))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels [N] or conditions [N, K] -> images [N, C, size, size]."""
        if self.labels is not None:
            latents = torch.cat([latents, self.labels(labels)], dim=1)
        images: Tensor = self.grow(self.basis * self.scale(latents)[:, :, None, None])
        return images if self.training else images.clamp(-1.0, 1.0)


class R3GANDiscriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N], through the generator's stages in reverse.

    Arguments are the generator's: `widths` too are ordered from the smallest map to the image. With
    `num_classes` the label, with `condition_shape` [K] the K numbers are compared with the features
    by projection (Miyato and Koyama 2018), in `label_dim` dimensions (None: the channels of
    the smallest map).
    """

    independent = True

    def __init__(
        self,
        size: int = 32,
        channels: int = 3,
        widths: int | Sequence[int] = 128,
        blocks: int = 2,
        expansion: int = 2,
        group_width: int | None = 16,
        num_classes: int | None = None,
        label_dim: int | None = None,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check(channels, blocks)
        stages = widths_of(widths, size, expansion, group_width)[::-1]
        base, *_ = doubled_sides(size, LARGEST)
        self.sample_shape = (channels, size, size)
        self.num_classes = num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        layers: list[nn.Module] = [point(channels, stages[0])]
        for width, after in pairwise([*stages, 0]):
            layers += [
                Residual(width, expansion, group_width, blocks * len(stages)) for _ in range(blocks)
            ]
            if after:
                layers += [Halve(), *([point(width, after)] if width != after else [])]
        weigh = nn.Conv2d(stages[-1], stages[-1], base, groups=stages[-1], bias=False)
        draw(weigh)
        self.shrink = nn.Sequential(*layers, weigh, nn.Flatten())
        width = stages[-1] if label_dim is None else label_dim
        told = num_classes is not None or condition_shape is not None
        self.score = nn.Linear(stages[-1], width if told else 1, bias=False)
        draw(self.score)
        self.labels = embedding(num_classes, condition_shape, width)
        if self.labels is not None:
            for weight in self.labels.parameters():
                nn.init.normal_(weight, 0.0, 1 / math.sqrt(width))  # scores start near 1

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] and labels [N] or conditions [N, K] -> scores [N]."""
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N], and `features` [N, F] of the smallest map."""
        features: Tensor = self.shrink(samples)
        projected: Tensor = self.score(features)
        if self.labels is None:
            scores = projected.squeeze(1)
        else:
            scores = (self.labels(labels) * projected).sum(1)
        return {"scores": scores, "features": features}
