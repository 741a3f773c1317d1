"""StyleGAN's layers: equalised rates, modulation, binomial resampling.

A weight is drawn from N(0, 1) and scaled when it is used (Karras et al. 2018, section 4.1), so that
layers of all sizes learn at one rate. A leaky ReLU needs the gain root 2 to preserve variance;
since it is homogeneous, the layer before it has that gain in its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, linear

from ganzoo.layers import LeakyReLU, convolve, spread, stage_widths

LEAK = 0.2
ROOT_2 = math.sqrt(2.0)
#: Keeps demodulation and normalisation finite.
EPSILON = 1e-8
LARGEST = 128
FILTERS = ((1, 3, 3, 1), (1, 2, 1))


def widths_of(widths: int | Sequence[int] | None, sides: Sequence[int]) -> list[int]:
    """Channels of each stage from the smallest map to the image's, checked.

    None means 32 next to the image, doubled each time the side halves, up to 128.
    """
    if widths is None:
        return [min(128, 32 * 2**k) for k in reversed(range(len(sides)))]
    return stage_widths(widths, sides)


def check(channels: int, taps: Sequence[int]) -> None:
    """Refuse arguments for which there is no network."""
    if channels < 1:
        raise ValueError(f"channels is 1 or more, found {channels}")
    if tuple(taps) not in FILTERS:
        raise ValueError(f"taps are [1, 3, 3, 1] or [1, 2, 1], found {list(taps)}")


def leak() -> LeakyReLU:
    """The nonlinearity of all layers."""
    return LeakyReLU(LEAK, inplace=True)


class EqualisedLinear(nn.Module):
    """A linear layer whose weights are scaled by gain / sqrt(inputs) when it is used.

    `rate` is a learning-rate factor: weights are drawn 1 / rate times as large and used rate times
    as large, so that an optimizer like Adam moves the used weights at rate times its own rate.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = 1.0,
        rate: float = 1.0,
        bias: bool = True,
        start: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), start / rate)) if bias else None
        self.weight_gain, self.bias_gain = gain * rate / math.sqrt(inputs), gain * rate

    def forward(self, values: Tensor) -> Tensor:
        """Values [N, inputs] -> [N, outputs]."""
        bias = None if self.bias is None else self.bias * self.bias_gain
        return linear(values, self.weight * self.weight_gain, bias)


class EqualisedConv2d(nn.Module):
    """A convolution whose weights are scaled by gain / sqrt(fan-in) when it is used."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        gain: float = 1.0,
        bias: bool = True,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.weight_gain, self.bias_gain = gain / math.sqrt(inputs * kernel**2), gain
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, inputs, H, W] -> [N, outputs, H / stride, W / stride]."""
        bias = None if self.bias is None else self.bias * self.bias_gain
        weight = self.weight * self.weight_gain
        return conv2d(maps, weight, bias, stride=self.stride, padding=self.padding)


class Binomial(nn.Module):
    """A filter in both directions; a `wide` one has four taps, so it is centred between pixels."""

    def __init__(self, taps: Sequence[int], gain: float = 1.0) -> None:
        super().__init__()
        row = torch.tensor([float(tap) for tap in taps]) / sum(taps)
        self.register_buffer("filter", gain * torch.outer(row, row)[None, None], persistent=False)
        self.filter: Tensor
        self.wide = len(taps) == 4

    def each(self, maps: Tensor) -> Tensor:
        """The filter for each channel: [C, 1, taps, taps]."""
        return self.filter.expand(maps.shape[1], -1, -1, -1)


class Double(Binomial):
    """Twice the sides: zeros between pixels, then the filter."""

    def __init__(self, taps: Sequence[int]) -> None:
        super().__init__(taps, gain=4.0)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, 2H, 2W]; beyond the border all is 0."""
        edge = 0 if self.wide else 1
        return spread(
            maps,
            self.each(maps),
            stride=2,
            padding=1,
            output_padding=edge,
            groups=maps.shape[1],
        )


class Halve(Binomial):
    """Half the sides: the filter at every second position."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, H / 2, W / 2]; beyond the border all is 0."""
        return convolve(maps, self.each(maps), stride=2, padding=1, groups=maps.shape[1])


class Blur(Binomial):
    """The filter alone, with a border of `padding` zeros."""

    def __init__(self, taps: Sequence[int], padding: int, gain: float = 1.0) -> None:
        super().__init__(taps, gain)
        self.padding = padding

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> [N, C, H + 2 * padding - taps + 1, the same of W]."""
        return convolve(maps, self.each(maps), padding=self.padding, groups=maps.shape[1])


class Modulated(nn.Module):
    """A convolution whose weights are scaled by a style (Karras et al. 2020, eq. 1 to 3).

    w' = s_i w_ijk and w'' = w' / sqrt(sum over i and k of w'^2 + eps) need weights for each sample.
    Equivalently, one convolution for all samples scales its input maps by s and divides its output
    maps by that root. Styles and roots are float32 under autocast too. With `taps`, maps are
    doubled: a transposed convolution comes first, and the filter after it.
    """

    def __init__(
        self,
        style_dim: int,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        demodulate: bool = True,
        gain: float = 1.0,
        taps: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.affine = EqualisedLinear(style_dim, inputs, start=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel**2)
        self.demodulate, self.gain = demodulate, gain
        self.blur = None if taps is None else Blur(taps, padding=1, gain=4.0)

    def forward(self, maps: Tensor, style: Tensor, bias: Tensor) -> Tensor:
        """Maps [N, C, H, W], style [N, W], bias [outputs] -> [N, outputs, H, W], or doubled."""
        scales, roots, weight = self.modulation(style)
        made = self.convolve(maps * scales.to(maps.dtype)[:, :, None, None], weight)
        return torch.addcmul(bias.to(made.dtype)[:, None, None], made, roots.to(made.dtype))

    def modulation(self, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Factors of the inputs [N, C] and of the outputs [N, K, 1, 1], and the weight."""
        with torch.autocast(style.device.type, enabled=False):
            scales: Tensor = self.affine(style.float())
            weight = self.weight * self.scale
            if self.demodulate:
                power = linear(scales.square(), weight.square().sum((2, 3)))
                roots = self.gain * torch.rsqrt(power + EPSILON)
            else:
                roots = scales.new_full((1, len(weight)), self.gain)
        return scales, roots[:, :, None, None], weight

    def convolve(self, maps: Tensor, weight: Tensor) -> Tensor:
        """One convolution for all samples."""
        if self.blur is None:
            return conv2d(maps, weight, padding=weight.shape[-1] // 2)
        edge = 0 if self.blur.wide else 1
        doubled = conv_transpose2d(
            maps, weight.transpose(0, 1), stride=2, padding=edge, output_padding=edge
        )
        made: Tensor = self.blur(doubled)
        return made


class Noise(nn.Module):
    """One noise picture for all channels of a map, with a learnt strength (Karras et al. 2019).

    In training it is drawn anew for every sample. In eval mode too if `kind` is "random"; if it is
    "fixed", one picture is part of the network.
    """

    def __init__(self, side: int, kind: str) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("picture", torch.randn(side, side) if kind == "fixed" else None)
        self.picture: Tensor | None

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] -> maps with noise."""
        if self.training or self.picture is None:
            n, _, height, width = maps.shape
            noise = torch.randn(n, 1, height, width, device=maps.device, dtype=maps.dtype)
        else:
            noise = self.picture.to(maps.dtype)
        return maps + self.strength.to(maps.dtype) * noise
