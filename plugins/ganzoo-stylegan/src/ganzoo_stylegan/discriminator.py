"""The residual discriminator (Karras et al. 2020, figure 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Discriminator
from ganzoo.layers import doubled_sides, embedding
from ganzoo_stylegan.layers import (
    EPSILON,
    LARGEST,
    ROOT_2,
    Blur,
    EqualisedConv2d,
    EqualisedLinear,
    Halve,
    check,
    leak,
    widths_of,
)


class Residual(nn.Module):
    """Two 3x3 convolutions, the second with stride 2, and a 1x1 shortcut.

    The sum of both is divided by root 2, which is included in their gains.
    """

    def __init__(self, inputs: int, outputs: int, taps: Sequence[int]) -> None:
        super().__init__()
        wide = len(taps) == 4
        self.body = nn.Sequential(
            EqualisedConv2d(inputs, inputs, 3, gain=ROOT_2),
            leak(),
            Blur(taps, padding=2 if wide else 1),
            EqualisedConv2d(inputs, outputs, 3, stride=2, padding=0 if wide else 1),
            leak(),  # root 2 of the leak and 1 / root 2 of the sum
        )
        self.around = nn.Sequential(
            Halve(taps), EqualisedConv2d(inputs, outputs, 1, bias=False, gain=1 / ROOT_2)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, inputs, H, W] -> [N, outputs, H / 2, W / 2]."""
        made: Tensor = self.body(maps) + self.around(maps)
        return made


class MinibatchDeviation(nn.Module):
    """Adds a channel with the standard deviation within a group (Karras et al. 2018, section 3).

    A group is `size` neighbouring samples; a batch that is not a multiple of it is one group.
    """

    def __init__(self, size: int = 4) -> None:
        super().__init__()
        self.size = size

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C + 1, H, W]."""
        n, _, height, width = maps.shape
        size = n if n % self.size else self.size
        groups = maps.float().reshape(n // size, size, -1)
        deviation = (groups.var(1, correction=0) + EPSILON).sqrt().mean(1)
        more = deviation.repeat_interleave(size, output_size=n).to(maps.dtype)
        return torch.cat([maps, more[:, None, None, None].expand(-1, 1, height, width)], dim=1)


class StyleGAN2Discriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N].

    `widths` are the generator's: from the smallest map to the image. Minibatch deviation compares
    `group` neighbours of a batch, so that a score depends on them. With `num_classes` the
    label, with `condition_shape` [K] the K numbers are compared with the features by projection
    (Miyato and Koyama 2018, eq. 3).
    """

    def __init__(
        self,
        size: int = 64,
        channels: int = 3,
        widths: int | Sequence[int] | None = None,
        num_classes: int | None = None,
        taps: Sequence[int] = (1, 3, 3, 1),
        group: int = 4,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check(channels, taps)
        if group < 2:
            raise ValueError(f"group is 2 or more samples that are compared, found {group}")
        sides = doubled_sides(size, LARGEST)
        stages = widths_of(widths, sides)[::-1]
        self.sample_shape = (channels, size, size)
        self.num_classes = num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.shrink = nn.Sequential(
            EqualisedConv2d(channels, stages[0], 1, gain=ROOT_2),
            leak(),
            *[Residual(before, after, taps) for before, after in pairwise(stages)],
        )
        last = stages[-1]
        self.judge = nn.Sequential(
            MinibatchDeviation(group),
            EqualisedConv2d(last + 1, last, 3, gain=ROOT_2),
            leak(),
            nn.Flatten(),
            EqualisedLinear(last * sides[0] ** 2, last, gain=ROOT_2),
            leak(),
        )
        self.score = EqualisedLinear(last, 1)
        self.labels = embedding(num_classes, condition_shape, last)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] and labels [N] or conditions [N, K] -> scores [N]."""
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N], and `features` [N, F] of the last layer before them."""
        features: Tensor = self.judge(self.shrink(samples))
        scores: Tensor = self.score(features).squeeze(1)
        if self.labels is not None:
            projection = (self.labels(labels) * features).sum(1)
            scores = scores + projection / math.sqrt(features.shape[1])
        return {"scores": scores, "features": features}
