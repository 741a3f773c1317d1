"""Convolutions whose gradients are differentiated again at the cost of convolutions.

torch's second gradient of a grouped convolution goes through the groups one by one, and always
computes the weights' part: a fixed filter for each channel then costs as much as the network around
it. A convolution is bilinear, and it and its two gradients are each other's gradients. torch has
all three as functions that handle groups; here they compute only the gradients that are needed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d


class Geometry(NamedTuple):
    """Stride, padding and groups, the same in both directions."""

    stride: int = 1
    padding: int = 0
    groups: int = 1


def convolve(
    maps: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    """What `conv2d` does: maps [N, C, H, W] and weight [K, C / groups, k, k] -> [N, K, H', W']."""
    if not _needs_gradient(maps, weight):
        return conv2d(*_cast(maps, weight), None, stride, padding, 1, groups)
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
    if not _needs_gradient(maps, weight):
        return conv_transpose2d(*_cast(maps, weight), None, stride, padding, output_padding, groups)
    geometry = Geometry(stride, padding, groups)
    kernel = weight.shape[-1]
    height, width = (
        (side - 1) * stride - 2 * padding + kernel + output_padding for side in maps.shape[-2:]
    )
    made: Tensor = _Spread.apply(*_cast(maps, weight), geometry, (height, width))
    return made


def _needs_gradient(maps: Tensor, weight: Tensor) -> bool:
    """Whether torch records the operation; otherwise its own functions do, and can be exported."""
    return torch.is_grad_enabled() and (maps.requires_grad or weight.requires_grad)


def _cast(maps: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Both in autocast's type if autocast is on, as in torch's own convolutions."""
    device = maps.device.type
    if not torch.is_autocast_enabled(device):
        return maps, weight
    dtype = torch.get_autocast_dtype(device)
    return maps.to(dtype), weight.to(dtype)


class _Convolve(torch.autograd.Function):
    """Maps and weight -> maps."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.geometry = geometry
        return conv2d(maps, weight, None, geometry.stride, geometry.padding, 1, geometry.groups)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        (made,), (needs_maps, needs_weight, _) = gradients, ctx.needs_input_grad
        sides = tuple(maps.shape[-2:])
        return (
            _Spread.apply(made, weight, ctx.geometry, sides) if needs_maps else None,
            _Weigh.apply(made, maps, weight.detach(), ctx.geometry) if needs_weight else None,
            None,
        )


class _Spread(torch.autograd.Function):
    """The gradient with respect to maps of these sides: a transposed convolution."""

    @staticmethod
    def forward(
        ctx: Any, made: Tensor, weight: Tensor, geometry: Geometry, sides: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(made, weight)
        ctx.geometry = geometry
        least = [
            (side - 1) * geometry.stride - 2 * geometry.padding + weight.shape[-1]
            for side in made.shape[-2:]
        ]
        more = (sides[0] - least[0], sides[1] - least[1])
        return conv_transpose2d(
            made, weight, None, geometry.stride, geometry.padding, more, geometry.groups
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        made, weight = ctx.saved_tensors
        (maps,), (needs_made, needs_weight, _, _) = gradients, ctx.needs_input_grad
        return (
            _Convolve.apply(maps, weight, ctx.geometry) if needs_made else None,
            _Weigh.apply(made, maps, weight.detach(), ctx.geometry) if needs_weight else None,
            None,
            None,
        )


class _Weigh(torch.autograd.Function):
    """The gradient with respect to a weight of the shape of `like`."""

    @staticmethod
    def forward(ctx: Any, made: Tensor, maps: Tensor, like: Tensor, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(made, maps)
        ctx.geometry = geometry
        twice = [[number, number] for number in (geometry.stride, geometry.padding, 1, 0)]
        stride, padding, dilation, output_padding = twice
        results: tuple[Tensor, ...] = torch.ops.aten.convolution_backward(
            made,
            maps,
            like,
            None,
            stride,
            padding,
            dilation,
            False,
            output_padding,
            geometry.groups,
            [False, True, False],
        )
        return results[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        made, maps = ctx.saved_tensors
        (weight,), (needs_made, needs_maps, _, _) = gradients, ctx.needs_input_grad
        sides = tuple(maps.shape[-2:])
        return (
            _Convolve.apply(maps, weight, ctx.geometry) if needs_made else None,
            _Spread.apply(made, weight, ctx.geometry, sides) if needs_maps else None,
            None,
            None,
        )
