"""Convolutions that are differentiated twice are torch's, to the second gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d
from torch.testing import assert_close

from ganzoo.layers import convolve, spread


def draw(*shape: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=rng, dtype=torch.float64).requires_grad_()


WAYS = [
    {},
    {"stride": 2, "padding": 1},
    {"stride": 2},
    {"padding": 1, "groups": 2},
    {"stride": 2, "padding": 1, "groups": 4},
]


def gradients(made: Tensor, maps: Tensor, weight: Tensor) -> list[Tensor]:
    """Values, first gradients, and those of the first gradient's square."""
    first = torch.autograd.grad(made.square().sum(), (maps, weight), create_graph=True)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), (maps, weight))
    return [made, *first, *second]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("side", [6, 7])
def test_a_convolution_is_torchs_twice_over(way, side):
    groups = way.get("groups", 1)
    maps, weight = draw(2, 4, side, side), draw(8, 4 // groups, 3, 3, seed=1)
    ours = gradients(convolve(maps, weight, **way), maps, weight)
    assert_close(ours, gradients(conv2d(maps, weight, **way), maps, weight))


@pytest.mark.parametrize("way", [*WAYS, {"stride": 2, "padding": 1, "output_padding": 1}], ids=str)
def test_a_transposed_one_is_torchs_twice_over(way):
    groups = way.get("groups", 1)
    maps, weight = draw(2, 4, 5, 5), draw(4, 8 // groups, 3, 3, seed=1)
    ours = gradients(spread(maps, weight, **way), maps, weight)
    assert_close(ours, gradients(conv_transpose2d(maps, weight, **way), maps, weight))


def test_a_third_gradient_is_right_too():
    maps, weight = draw(1, 2, 4, 4), draw(2, 1, 3, 3, seed=1)
    assert torch.autograd.gradgradcheck(
        lambda m, w: torch.autograd.grad(
            convolve(m, w, padding=1, groups=2).pow(3).sum(), m, create_graph=True
        )[0],
        (maps, weight),
    )


@pytest.mark.parametrize("function", [convolve, spread])
def test_a_fixed_filter_gets_no_gradient(function):
    maps, weight = draw(2, 4, 6, 6), draw(4, 1, 3, 3).detach()
    (slope,) = torch.autograd.grad(
        function(maps, weight, groups=4).square().sum(), maps, create_graph=True
    )
    slope.square().sum().backward()
    assert weight.grad is None
    assert maps.grad.any()


def test_it_takes_autocasts_type():
    maps, weight = draw(1, 2, 4, 4).float().detach(), draw(2, 2, 3, 3).float().detach()
    weight.requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        made = convolve(maps, weight)
    assert made.dtype == torch.bfloat16
    made.sum().backward()
    assert weight.grad.dtype == torch.float32
