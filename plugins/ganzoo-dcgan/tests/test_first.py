"""DCGAN in the layout of the authors' code: shapes, layers and scores."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.errors import PartError


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_have_their_size_and_are_scored(size, channels):
    generator = ganzoo.create_generator("dcgan-2015", size=size, channels=channels, width=4).eval()
    with torch.no_grad():
        images = generator(torch.randn(2, 100, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (2, channels, size, size) == (2, *generator.sample_shape)
    assert images.abs().max() <= 1
    judge = ganzoo.create_discriminator("dcgan-2015", size=size, channels=channels, width=4)
    assert judge(images).shape == (2,)
    assert judge.sample_shape == generator.sample_shape


def test_it_is_convolutions_from_end_to_end_without_a_bias():
    for network in (
        ganzoo.create_generator("dcgan-2015"),
        ganzoo.create_discriminator("dcgan-2015"),
    ):
        layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        assert len(layers) == 5 and all(layer.bias is None for layer in layers)
        assert not any(isinstance(module, nn.Linear) for module in network.modules())


@pytest.mark.parametrize("arguments", [{"size": 28}, {"size": 48}, {"channels": 2}])
def test_what_has_no_such_layers_is_refused(arguments):
    with pytest.raises(PartError, match=r"size is one of|channels is 1, 3, or 4"):
        ganzoo.create_generator("dcgan-2015", **arguments)


def test_rectangles_are_refused():
    with pytest.raises(PartError, match=r"make squares: size is one of 32, 64, 128, found \[32, 6"):
        ganzoo.create_generator("dcgan-2015", size=[32, 64])
