"""Layers that compute what torch's do, in less time.

Each is a subclass of the layer it stands for, with the same parameters under the same names, so
that weights of one are weights of the other; values agree up to the order of sums. The convolutions
are quicker on a CPU, and elsewhere they are their parents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn.functional import conv_transpose2d, fold, interpolate, leaky_relu


class LeakyReLU(nn.LeakyReLU):
    """A leaky rectifier for networks under a gradient penalty.

    Its slope does not depend on how far its input is from 0, so that a penalty's gradient has no
    way back through the first pass. torch's takes that way, with zeros, which costs a whole
    backward pass more. Elsewhere than inside `differentiated_twice` it is torch's.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Values of any shape -> values, those below 0 times the slope."""
        if not _twice.get():
            return super().forward(values)
        result: Tensor = _Leak.apply(values, self.negative_slope)
        return result


_twice: ContextVar[bool] = ContextVar("differentiated twice", default=False)


@contextmanager
def differentiated_twice() -> Iterator[None]:
    """Say that what is computed inside will be differentiated again: a penalty's own pass."""
    token = _twice.set(True)
    try:
        yield
    finally:
        _twice.reset(token)


class _Leak(torch.autograd.Function):
    """The rectifier, whose backward pass looks at signs and passes nothing on to them."""

    @staticmethod
    def forward(ctx: FunctionCtx, values: Tensor, slope: float) -> Tensor:
        made = leaky_relu(values, slope)
        ctx.save_for_backward(made)  # of the same signs
        ctx.slope = slope  # type: ignore[attr-defined]
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (made,) = ctx.saved_tensors
        signs = made.detach()  # no way back from here
        return torch.ops.aten.leaky_relu_backward(gradients[0], signs, ctx.slope, False), None


class UpsampledConv2d(nn.Conv2d):
    """Repeat each pixel twice both ways, then convolve by 3x3: [N, C, H, W] -> [N, K, 2H, 2W].

    On repeated pixels, 9 taps meet only 4 different values: one transposed convolution of 4x4
    with stride 2 does the same with less than half of the work.
    """

    def __init__(self, in_channels: int, out_channels: int, **more: Any) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, **more)
        # Output 2i takes w[0] of pixel i - 1 and w[1] + w[2] of i; output 2i + 1 takes
        # w[0] + w[1] of i and w[2] of i + 1. Row k is the tap k of the transposed convolution.
        taps = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
        self.register_buffer("taps", taps, persistent=False)
        self.taps: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] -> [N, K, 2H, 2W]."""
        if images.device.type != "cpu":
            return super().forward(interpolate(images, scale_factor=2.0))
        weight = torch.einsum("ai,koij,bj->okab", self.taps, self.weight, self.taps)
        return conv_transpose2d(images, weight, self.bias, stride=2, padding=1)


class NarrowConv2d(nn.Conv2d):
    """A convolution of stride 1 to a few channels, such as a generator's last.

    oneDNN's kernels work on 16 channels at once and idle on one. Here each pixel is multiplied with
    all taps, and the products are added up where they belong.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] -> [N, K, H, W] with the usual padding."""
        if images.device.type != "cpu":
            return super().forward(images)
        flipped = self.weight.flip(2, 3).transpose(0, 1)
        return _scatter(images, flipped, self.bias, stride=1, padding=_reach(self))


class NarrowConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution to a few channels, such as a generator's last."""

    def forward(self, images: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images [N, C, H, W] -> [N, K, stride * H, stride * W] with the usual padding."""
        if images.device.type != "cpu":
            return super().forward(images, output_size)
        stride, padding = self.stride[0], int(self.padding[0])
        return _scatter(images, self.weight, self.bias, stride=stride, padding=padding)


def _scatter(
    images: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int, padding: int
) -> Tensor:
    """What a transposed convolution does, as a product and a sum; weight [C, K, k, k]."""
    kernel = weight.shape[-1]
    high, wide = ((side - 1) * stride - 2 * padding + kernel for side in images.shape[-2:])
    products = weight.flatten(1).t() @ images.flatten(2)
    made = fold(products, (high, wide), kernel, padding=padding, stride=stride)
    return made if bias is None else made + bias[:, None, None]


def _reach(layer: nn.Conv2d) -> int:
    """The padding of the transposed convolution that a convolution of stride 1 is."""
    return layer.kernel_size[0] - 1 - int(layer.padding[0])
