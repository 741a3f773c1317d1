"""R3GAN's layers: residual blocks without normalisation, and binomial resampling."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ganzoo.layers import LeakyReLU, convolve, spread

LEAK = 0.2
#: He et al. 2015, eq. 15: the gain that preserves the variance through the leaky ReLU.
LEAK_GAIN = math.sqrt(2 / (1 + LEAK**2))


def draw(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    """Draw weights from N(0, gain^2 / inputs) (He et al. 2015, eq. 10); biases are 0."""
    inputs = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(inputs))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class GroupedConv2d(nn.Conv2d):
    """A convolution whose second gradient doesn't go through its groups one by one."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, K, H, W]."""
        if self.groups == 1:
            return super().forward(maps)
        made = convolve(maps, self.weight, padding=int(self.padding[0]), groups=self.groups)
        return made if self.bias is None else made + self.bias.to(made.dtype)[:, None, None]


class Residual(nn.Module):
    """x + f(x) on maps [N, C, H, W], where f is 1x1, leaky ReLU, grouped 3x3, leaky ReLU, 1x1.

    The first convolution multiplies the channels by `expansion`. `depth` is the number of blocks in
    the network: by fixup initialisation (Zhang et al. 2019, section 3) the first two convolutions
    of each are scaled by depth^(-1/4) and the third is 0, so that a network of any depth begins as
    its transitions alone. `group_width` None makes the 3x3 dense.
    """

    def __init__(self, width: int, expansion: int, group_width: int | None, depth: int) -> None:
        super().__init__()
        inner = width * expansion
        groups = 1 if group_width is None else inner // group_width
        self.widen = nn.Conv2d(width, inner, 1)
        self.mix = GroupedConv2d(inner, inner, 3, padding=1, groups=groups)
        self.narrow = nn.Conv2d(inner, width, 1, bias=False)
        self.leak = LeakyReLU(LEAK)
        for layer in (self.widen, self.mix):
            draw(layer, LEAK_GAIN * depth**-0.25)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, H, W]."""
        change: Tensor = self.narrow(self.leak(self.mix(self.leak(self.widen(maps)))))
        return maps + change


class Binomial(nn.Module):
    """The filter [1, 2, 1] in both directions, for doubling and halving."""

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("filter", torch.outer(taps, taps)[None, None], persistent=False)
        self.filter: Tensor

    def each(self, maps: Tensor) -> Tensor:
        """The filter for each channel: [C, 1, 3, 3]."""
        return self.filter.expand(maps.shape[1], -1, -1, -1)


class Double(Binomial):
    """Twice the sides: each pixel is kept, with the mean between two pixels."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, 2H, 2W]; beyond the border all is 0."""
        filters = 4 * self.each(maps)
        return spread(maps, filters, stride=2, padding=1, output_padding=1, groups=maps.shape[1])


class Halve(Binomial):
    """Half the sides: every second pixel of the filtered map."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, H/2, W/2]; beyond the border all is 0."""
        return convolve(maps, self.each(maps), stride=2, padding=1, groups=maps.shape[1])
