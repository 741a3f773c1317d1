"""Loading builds networks without drawing weights, and nothing else is left out."""

from __future__ import annotations

import json
import sys
import types

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import ganzoo
from ganzoo.skeleton import unfilled
from ganzoo.specs import Part, write_record
from ganzoo.weights import save_weights
from tiny import TinyDiscriminator, make_plugin


class Odd(ganzoo.Generator):
    """All that a constructor can hold beside parameters that are saved."""

    latent_dim, sample_shape = 4, (6,)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 6)
        self.norm = nn.BatchNorm1d(6)
        self.scale = nn.Parameter(torch.full((6,), 0.5))
        self.register_buffer("window", torch.hann_window(6), persistent=False)
        self.register_buffer("saved", torch.arange(6.0))
        self.constant = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) / 6
        noise = torch.empty(6)
        nn.init.constant_(noise, 0.25)  # a plain tensor: it is filled
        self.offset = noise
        nn.init.orthogonal_(self.layer.weight)

    def forward(self, latents, labels=None):
        out = self.norm(self.layer(latents)) * self.scale + self.offset
        return out * self.window * self.constant + self.saved


@pytest.fixture
def odd(world, tmp_path, monkeypatch):
    module = types.ModuleType("odd_parts")
    module.Odd, module.Judge = Odd, lambda: TinyDiscriminator((6,))
    monkeypatch.setitem(sys.modules, "odd_parts", module)
    plugin = make_plugin(
        "odd",
        ganzoo_generators={"odd": "odd_parts:Odd"},
        ganzoo_discriminators={"odd": "odd_parts:Judge"},
    )
    world(plugin)
    torch.default_generator.manual_seed(3)
    network = Odd().eval()
    with torch.no_grad():
        network.norm.running_mean.copy_(torch.arange(6.0))
    record = save_weights(tmp_path / "model.safetensors", network, Part("odd/odd"))
    config = {
        "ganzoo_config": 1,
        "kind": "vectors",
        "generator": {"name": "odd/odd"},
        "discriminator": {"name": "odd/odd"},
        "recipe": {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "ganzoo/mnist"}},
        "files": {"model.safetensors": write_record(record)},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    return network, tmp_path


def test_buffers_that_are_not_saved_and_constants_have_their_values(odd):
    network, folder = odd
    loaded = ganzoo.load(folder).generator
    assert_close(loaded.window, torch.hann_window(6))
    assert_close(loaded.constant, network.constant)
    assert_close(loaded.offset, torch.full((6,), 0.25))


def test_nothing_stays_on_the_meta_device(odd):
    loaded = ganzoo.load(odd[1]).generator
    tensors = [*loaded.parameters(), *loaded.buffers(), loaded.constant, loaded.offset]
    assert {tensor.device.type for tensor in tensors} == {"cpu"}


def test_a_loaded_network_computes_what_the_saved_one_did(odd):
    network, folder = odd
    latents = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ganzoo.load(folder).generator(latents), network(latents))


def test_loaded_weights_can_be_copied_moved_and_trained(odd):
    import copy

    loaded = copy.deepcopy(ganzoo.load(odd[1]).generator).train().requires_grad_(True)
    loaded(torch.ones(5, 4)).sum().backward()
    torch.optim.SGD(loaded.parameters(), lr=0.1).step()
    assert all(p.grad is not None and p.is_leaf for p in loaded.parameters())


@pytest.mark.parametrize(
    "fill",
    [
        nn.init.kaiming_uniform_,
        nn.init.xavier_normal_,
        nn.init.zeros_,
        lambda parameter: parameter.data.shape and nn.init.normal_(parameter, std=0.02),
    ],
)
def test_fills_of_parameters_are_left_out(fill):
    parameter = nn.Parameter(torch.full((3, 3), 7.0))
    with unfilled():
        fill(parameter)
    assert_close(parameter.detach(), torch.full((3, 3), 7.0))


def test_a_constructor_that_draws_until_it_likes_the_values_ends():
    parameter = nn.Parameter(torch.full((3,), 7.0))
    with unfilled(), torch.no_grad():
        while bool((parameter.abs() > 1).any()):
            parameter.uniform_(-1, 1)
    assert bool((parameter.abs() <= 1).all())


def test_other_operations_on_parameters_go_on():
    with unfilled():
        layer = nn.Linear(2, 2)
        layer.weight.requires_grad_(False)
        doubled = torch.ones(2, 2) * 2
    assert not layer.weight.requires_grad
    assert_close(doubled, torch.full((2, 2), 2.0))


def test_afterwards_parameters_are_filled_again():
    with unfilled():
        pass
    assert_close(nn.init.ones_(nn.Parameter(torch.zeros(2))).detach(), torch.ones(2))
