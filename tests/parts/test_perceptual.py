"""Distances in the maps of a network, by closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ganzoo.errors import ConfigError
from ganzoo.losses import (
    LayerMaps,
    content_distance,
    feature_matching,
    gram,
    style_distance,
    total_variation,
)


def maps(n: int = 2, side: int = 4) -> torch.Tensor:
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_content_is_the_mean_squared_difference():
    assert_close(content_distance(maps() + 2, maps()), torch.full((2,), 4.0))


def test_gram_is_the_products_of_channels():
    given = maps()
    wanted = torch.einsum("nchw,ndhw->ncd", given, given) / (3 * 16)
    assert_close(gram(given), wanted)


def test_style_knows_no_places_and_no_sides():
    given = maps()
    moved = given.flip(2).roll(1, 3)
    assert_close(style_distance(given, moved), torch.zeros(2))
    larger = given.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert_close(style_distance(given, larger), torch.zeros(2))
    assert (style_distance(given, 2 * given) > 0).all()


def test_feature_matching_sums_the_layers_means():
    layers = [maps(), maps(side=2)]
    moved = [layers[0] + 1, layers[1] - 2]
    assert_close(feature_matching(moved, layers), torch.full((2,), 3.0))


def test_total_variation_of_a_slope_is_its_steps():
    slope = torch.arange(4.0).expand(1, 1, 5, 4)
    assert_close(total_variation(slope), torch.tensor([1.0]))
    assert_close(total_variation(slope.mT + slope.new_zeros(1, 1, 4, 5)), torch.tensor([1.0]))
    assert total_variation(torch.ones(3, 2, 4, 4)).tolist() == [0, 0, 0]


def test_maps_of_a_networks_layers_are_taken_in_order():
    convolutions = [nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 5, 3), nn.ReLU()]
    network = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(20, 4), nn.ReLU())
    seen = LayerMaps(network)
    assert [tuple(one.shape[1:]) for one in seen(maps())] == [(2, 4, 4), (5, 2, 2)]
    assert [tuple(one.shape[1:]) for one in LayerMaps(network, ["2"])(maps())] == [(5, 2, 2)]
    assert not any(parameter.requires_grad for parameter in seen.parameters())
    assert not seen.train().network.training
    pictures = maps().requires_grad_()
    (slope,) = torch.autograd.grad(seen(pictures)[1].sum(), pictures)
    assert slope.abs().sum() > 0
    with pytest.raises(ConfigError, match="Sequential has no layer '9'"):
        LayerMaps(network, ["9"])
