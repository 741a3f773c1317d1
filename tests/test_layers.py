"""Layers that stand for torch's: the same values, gradients and weights."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganzoo.layers import (
    LeakyReLU,
    NarrowConv2d,
    NarrowConvTranspose2d,
    UpsampledConv2d,
    differentiated_twice,
)


def plain_upsampled(layer):
    conv = nn.Conv2d(
        layer.in_channels, layer.out_channels, 3, padding=1, bias=layer.bias is not None
    )
    conv.load_state_dict(layer.state_dict())
    return nn.Sequential(nn.Upsample(scale_factor=2), conv)


def plain(layer):
    """The parent's way with the same weights."""
    (parent,) = type(layer).__bases__
    return lambda images: parent.forward(layer, images)


PAIRS = {
    "upsampled": (UpsampledConv2d(5, 3), plain_upsampled),
    "upsampled-no-bias": (UpsampledConv2d(2, 4, bias=False), plain_upsampled),
    "narrow-5": (NarrowConv2d(6, 1, 5, padding=2), plain),
    "narrow-3": (NarrowConv2d(6, 3, 3, padding=1, bias=False), plain),
    "narrow-valid": (NarrowConv2d(6, 2, 3), plain),
    "transposed": (NarrowConvTranspose2d(6, 1, 4, stride=2, padding=1), plain),
    "transposed-3": (NarrowConvTranspose2d(6, 3, 3, stride=2, padding=1, bias=False), plain),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("sides", [(7, 7), (4, 6)])
def test_values_and_gradients_are_those_of_the_plain_layer(name, sides):
    layer, other = PAIRS[name]
    rng = torch.Generator().manual_seed(0)
    images = torch.randn(3, layer.in_channels, *sides, generator=rng).requires_grad_()
    found, wished = layer(images), other(layer)(images)
    assert_close(found, wished)
    weights = torch.randn(found.shape, generator=rng)
    ours, theirs = (torch.autograd.grad((made * weights).sum(), images) for made in (found, wished))
    assert_close(ours, theirs)


@pytest.mark.parametrize("name", ["upsampled", "narrow-5", "transposed"])
def test_gradients_of_the_weights_are_those_of_the_plain_layer(name):
    layer, other = PAIRS[name]
    images = torch.randn(3, layer.in_channels, 5, 5, generator=torch.Generator().manual_seed(0))
    plain_layer = other(layer)
    theirs_of = plain_layer.parameters() if isinstance(plain_layer, nn.Module) else None
    ours = torch.autograd.grad(layer(images).square().sum(), list(layer.parameters()))
    wanted = list(theirs_of or layer.parameters())
    theirs = torch.autograd.grad(plain_layer(images).square().sum(), wanted)
    assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", PAIRS)
def test_they_can_be_differentiated_twice(name):
    layer, _ = PAIRS[name]
    images = torch.randn(2, layer.in_channels, 4, 4).requires_grad_()
    (gradient,) = torch.autograd.grad(layer(images).square().sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert layer.weight.grad.abs().sum() > 0


def test_a_penalty_goes_through_leaks_as_through_torchs():
    rng = torch.Generator().manual_seed(0)
    layers = [
        nn.Linear(4, 8),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 8),
        nn.LeakyReLU(0.2),
        nn.Linear(8, 1),
    ]
    plain_net = nn.Sequential(*layers)
    ours = nn.Sequential(*(LeakyReLU(0.2) if isinstance(m, nn.LeakyReLU) else m for m in layers))
    images, found = torch.randn(5, 4, generator=rng), []
    for network in (ours, plain_net):
        points = images.clone().requires_grad_()
        with differentiated_twice():
            scores = network(points)
        (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
        value = (gradient.norm(dim=1) - 1).square().mean()
        found.append(torch.autograd.grad(value, list(network.parameters()), allow_unused=True))
    for one, other in zip(*found, strict=True):
        assert_close(torch.zeros(()) if one is None else one.abs().sum(),
                     torch.zeros(()) if other is None else other.abs().sum())  # fmt: skip
        if one is not None and other is not None:
            assert_close(one, other)


def test_no_work_goes_back_through_a_leak_under_a_penalty():
    """The last bias and the first layer's input have no part in the penalty."""
    first = nn.Linear(3, 3)
    points = torch.randn(2, 3).requires_grad_()
    with differentiated_twice():
        scores = LeakyReLU(0.1)(first(points))
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    gradient.square().sum().backward()
    assert first.bias.grad is None  # torch's own layer would bring zeros
    assert first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("inside", [True, False])
def test_a_leak_is_torchs_in_value_and_slope(inside):
    values = torch.linspace(-2, 2, 9).requires_grad_()
    with differentiated_twice() if inside else contextlib.nullcontext():
        made = LeakyReLU(0.2)(values)
    assert_close(made, nn.functional.leaky_relu(values, 0.2))
    assert_close(*(torch.autograd.grad(v.sum(), values)[0] for v in
                   (made, nn.functional.leaky_relu(values, 0.2))))  # fmt: skip


def test_weights_go_by_the_plain_layers_names():
    assert UpsampledConv2d(2, 3).state_dict().keys() == {"weight", "bias"}
