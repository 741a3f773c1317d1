"""Faster versions of torch's layers.

Each is a subclass of torch's layer with the same parameters under the same names, so that their
weights are interchangeable; values agree up to the order of sums. The convolutions are faster in
float32 on a CPU; in all other cases they call their parents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import fold, leaky_relu


class LeakyReLU(nn.LeakyReLU):
    """A leaky rectifier for networks under a gradient penalty.

    Its slope is constant on either side of 0, so a penalty's gradient does not depend on the first
    pass. torch's layer propagates zeros there, at the cost of a whole backward pass. Outside
    `differentiated_twice`, with a negative slope, and under the transforms of `torch.func` it is
    torch's layer.
    """

    def forward(self, values: Tensor) -> Tensor:
        """Values of any shape -> values, those below 0 times the slope."""
        if (
            not _twice.get()
            or self.negative_slope < 0
            or torch._C._are_functorch_transforms_active()
        ):
            return super().forward(values)
        result: Tensor = _Leak.apply(values, self.negative_slope, self.inplace)
        return result


_twice: ContextVar[bool] = ContextVar("differentiated twice", default=False)


@contextmanager
def differentiated_twice() -> Iterator[None]:
    """Declare that the computation inside will be differentiated twice, as in a penalty's pass."""
    token = _twice.set(True)
    try:
        yield
    finally:
        _twice.reset(token)


class _Leak(torch.autograd.Function):
    """The rectifier, whose backward pass uses signs and has no gradient with respect to them."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, slope: float, inplace: bool) -> Tensor:
        made = leaky_relu(values, slope, inplace)
        if inplace:
            ctx.mark_dirty(values)
        ctx.save_for_backward(made)  # has the signs of the input
        ctx.save_for_forward(made)
        ctx.slope = slope
        return made

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _leaked(ctx, gradients[0]), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        return _leaked(ctx, tangents[0])


def _leaked(ctx: Any, change: Tensor) -> Tensor:
    """A gradient or a tangent, times the slope where the value is below 0."""
    (made,) = ctx.saved_tensors
    signs = made.detach()  # no gradient through the signs
    result: Tensor = torch.ops.aten.leaky_relu_backward(change, signs, ctx.slope, False)
    return result


class NarrowConv2d(nn.Conv2d):
    """A convolution to a few channels, such as a generator's last.

    oneDNN's kernels work on 16 channels at once and are mostly idle with one. Here each pixel is
    multiplied with all taps, and the products are added at their positions, for stride 1, zero
    padding and one group. Any other convolution is torch's.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] or [C, H, W] -> the output of torch's layer."""
        weight, bias, padding, made = self.weight, self.bias, self.padding, None
        if (
            self.stride == self.dilation == (1, 1)
            and self.groups == 1
            and self.padding_mode == "zeros"
            and not isinstance(padding, str)
            and _is_plain(images, weight, bias, weight.shape[1])
        ):
            high, wide = weight.shape[2:]
            reach = (high - 1 - padding[0], wide - 1 - padding[1])
            made = _scatter(images, weight.flip(2, 3).transpose(0, 1), bias, (1, 1), reach)
        return super().forward(images) if made is None else made


class NarrowConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution to a few channels, such as a generator's last.

    With dilation, groups, output padding or an explicit output size it is torch's layer.
    """

    def forward(self, images: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images [N, C, H, W] or [C, H, W] -> the output of torch's layer."""
        weight, bias, padding, made = self.weight, self.bias, self.padding, None
        if (
            output_size is None
            and self.output_padding == (0, 0)
            and self.dilation == (1, 1)
            and self.groups == 1
            and not isinstance(padding, str)
            and _is_plain(images, weight, bias, weight.shape[0])
        ):
            made = _scatter(images, weight, bias, self.stride, padding)
        return super().forward(images, output_size) if made is None else made


def _is_plain(images: Tensor, weight: Tensor, bias: Tensor | None, channels: int) -> bool:
    """Whether these are float32 images of `channels` channels, on a CPU and without autocast.

    Not while a network is traced: the checks of sizes would set bounds on the batch.
    """
    return (
        not torch.compiler.is_compiling()
        and images.dim() == 4
        and images.shape[1] == channels
        and images.device.type == weight.device.type == "cpu"
        and images.dtype is weight.dtype is torch.float32
        and (bias is None or bias.dtype is torch.float32)
        and images.layout is torch.strided
        and not torch.is_autocast_enabled("cpu")
    )


def _scatter(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
) -> Tensor | None:
    """A transposed convolution as a matrix product and a sum; weight [C, K, h, w].

    None if images are empty, the output is, or more would be cut off than the kernel reaches: then
    torch's layers raise their own errors.
    """
    kernel = weight.shape[2:]
    n, _, high, wide = images.shape
    high = (high - 1) * stride[0] - 2 * padding[0] + kernel[0] if high else 0
    wide = (wide - 1) * stride[1] - 2 * padding[1] + kernel[1] if wide else 0
    if min(n, high, wide) < 1 or min(padding) < 0:
        return None
    products = weight.flatten(1).t() @ images.flatten(2)
    made = fold(products, (high, wide), kernel, padding=padding, stride=stride)
    return made if bias is None else made + bias[:, None, None]
