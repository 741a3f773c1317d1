"""Convolutions whose gradients are differentiated again at the cost of convolutions.

torch's second gradient of a convolution in groups goes through the groups one by one, and always
computes the weights' part: a fixed filter for each channel then costs as much as the network around
it. A convolution is bilinear, and it and its two gradients are each other's gradients: three
functions that torch has, which know groups, and leave out what nobody asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d


class Geometry(NamedTuple):
    """How a convolution goes over a map; both ways alike."""

    stride: int = 1
    padding: int = 0
    groups: int = 1


def convolve(
    maps: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    """What `conv2d` does: maps [N, C, H, W] and weight [K, C / groups, k, k] -> [N, K, H', W']."""
    made: Tensor = _Convolve.apply(*_cast(maps, weight), Geometry(stride, padding, groups))
    return made


def spread(
    maps: Tensor,
    weight: Tensor,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    groups: int = 1,
) -> Tensor:
    """What `conv_transpose2d` does: maps [N, K, H, W] and weight [K, C / groups, k, k]."""
    way = Geometry(stride, padding, groups)
    kernel = weight.shape[-1]
    high, wide = (
        (side - 1) * stride - 2 * padding + kernel + output_padding for side in maps.shape[-2:]
    )
    made: Tensor = _Spread.apply(*_cast(maps, weight), way, (high, wide))
    return made


def _cast(maps: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both in autocast's type where it is on, as torch's own convolutions do."""
    device = maps.device.type
    if not torch.is_autocast_enabled(device):
        return maps, weight
    dtype = torch.get_autocast_dtype(device)
    return maps.to(dtype), weight.to(dtype)


class _Convolve(torch.autograd.Function):
    """Maps and weight -> maps."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, way: Geometry) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.way = way
        return conv2d(maps, weight, None, way.stride, way.padding, 1, way.groups)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        (made,), (of_maps, of_weight, _) = gradients, ctx.needs_input_grad
        sides = tuple(maps.shape[-2:])
        return (
            _Spread.apply(made, weight, ctx.way, sides) if of_maps else None,
            _Weigh.apply(made, maps, weight.detach(), ctx.way) if of_weight else None,
            None,
        )


class _Spread(torch.autograd.Function):
    """The gradient to maps with these sides: what a transposed convolution computes."""

    @staticmethod
    def forward(
        ctx: Any, made: Tensor, weight: Tensor, way: Geometry, sides: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(made, weight)
        ctx.way = way
        least = [
            (side - 1) * way.stride - 2 * way.padding + weight.shape[-1] for side in made.shape[-2:]
        ]
        more = (sides[0] - least[0], sides[1] - least[1])
        return conv_transpose2d(made, weight, None, way.stride, way.padding, more, way.groups)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        made, weight = ctx.saved_tensors
        (maps,), (of_made, of_weight, _, _) = gradients, ctx.needs_input_grad
        return (
            _Convolve.apply(maps, weight, ctx.way) if of_made else None,
            _Weigh.apply(made, maps, weight.detach(), ctx.way) if of_weight else None,
            None,
            None,
        )


class _Weigh(torch.autograd.Function):
    """The gradient to a weight of the shape of `like`."""

    @staticmethod
    def forward(ctx: Any, made: Tensor, maps: Tensor, like: Tensor, way: Geometry) -> Tensor:
        ctx.save_for_backward(made, maps)
        ctx.way = way
        twice = [[number, number] for number in (way.stride, way.padding, 1, 0)]
        stride, padding, dilation, output_padding = twice
        found: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
            made,
            maps,
            like,
            None,
            stride,
            padding,
            dilation,
            False,
            output_padding,
            way.groups,
            [False, True, False],
        )
        return found[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        made, maps = ctx.saved_tensors
        (weight,), (of_made, of_maps, _, _) = gradients, ctx.needs_input_grad
        sides = tuple(maps.shape[-2:])
        return (
            _Convolve.apply(maps, weight, ctx.way) if of_made else None,
            _Spread.apply(made, weight, ctx.way, sides) if of_maps else None,
            None,
            None,
        )
