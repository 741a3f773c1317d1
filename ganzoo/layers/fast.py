"""Layers that compute what torch's do, in less time.

Each is a subclass of the layer it stands for, with the same parameters under the same names, so
that weights of one are weights of the other; values agree up to the order of sums. The convolutions
are quicker in float32 on a CPU; for whatever else is asked of them they are their parents.
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

    Its slope does not depend on how far its input is from 0, so that a penalty's gradient has no
    way back through the first pass. torch's takes that way, with zeros, which costs a whole
    backward pass more. Elsewhere than inside `differentiated_twice`, with a negative slope and
    under the transforms of `torch.func` it is torch's.
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
    """Say that what is computed inside will be differentiated again: a penalty's own pass."""
    token = _twice.set(True)
    try:
        yield
    finally:
        _twice.reset(token)


#: Whether `torch.func` is at work, which the pass below has no rules for.
_transformed = torch._C._are_functorch_transforms_active


class _Leak(torch.autograd.Function):
    """The rectifier, whose backward pass looks at signs and passes nothing on to them."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, slope: float, inplace: bool) -> Tensor:
        made = leaky_relu(values, slope, inplace)
        if inplace:
            ctx.mark_dirty(values)
        ctx.save_for_backward(made)  # of the same signs
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
    signs = made.detach()  # no way back from here
    result: Tensor = torch.ops.aten.leaky_relu_backward(change, signs, ctx.slope, False)
    return result


class NarrowConv2d(nn.Conv2d):
    """A convolution to a few channels, such as a generator's last.

    oneDNN's kernels work on 16 channels at once and idle on one. Here each pixel is multiplied with
    all taps, and the products are added up where they belong: with stride 1, zeros around and all
    channels in one group. Any other convolution is torch's.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] or [C, H, W] -> what torch's layer makes of them."""
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

    With dilation, groups, a padded output or a size that is asked for it is torch's.
    """

    def forward(self, images: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images [N, C, H, W] or [C, H, W] -> what torch's layer makes of them."""
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
    """Whether these are float32 images of so many channels, on a CPU and with no autocast."""
    return (
        images.dim() == 4
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
    """What a transposed convolution does, as a product and a sum; weight [C, K, h, w].

    None where images are empty, nothing is left of them, or more would be cut off than the kernel
    reaches: torch's layers know what is to be said then.
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
