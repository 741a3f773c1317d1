"""One tensor under several names stays one: loaded, averaged, resumed, exported and imported."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.testing import assert_close

import ganzoo
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.importing.take import take
from ganzoo.weights import tensor_bytes
from short_runs import config
from tiny import TinyDiscriminator, TinyGenerator, tiny_plugin


class TiedGenerator(TinyGenerator):
    """Two layers of one weight, and a module under two names."""

    def __init__(self):
        super().__init__(latent_dim=4, width=4)
        self.first = self.again = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        self.last = nn.Linear(4, 4)
        self.last.weight = self.first[0].weight

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(self.last(self.again(self.first(latents))))


class TiedDiscriminator(TinyDiscriminator):
    """A layer that is used twice."""

    def __init__(self):
        super().__init__()
        self.one = self.two = nn.Linear(2, 2)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(self.two(self.one(samples)))


@pytest.fixture(autouse=True)
def tied_world(world, monkeypatch):
    module = types.ModuleType("tied_parts")
    module.TiedGenerator, module.TiedDiscriminator = TiedGenerator, TiedDiscriminator
    monkeypatch.setitem(sys.modules, "tied_parts", module)
    world(
        tiny_plugin(
            ganzoo_generators={"tied": "tied_parts:TiedGenerator"},
            ganzoo_discriminators={"tied": "tied_parts:TiedDiscriminator"},
        )
    )


def tied(steps=6, **recipe):
    return config(generator="tied", discriminator="tied", steps=steps, **recipe)


def is_tied(network) -> bool:
    assert network.last.weight is network.first[0].weight
    assert network.first is network.again
    return sum(p.numel() for p in network.parameters()) == sum(
        p.numel() for p in TiedGenerator().parameters()
    )


def bytes_of(folder):
    return [
        (folder / "export" / f"{n}.safetensors").read_bytes() for n in ("model", "discriminator")
    ]


def test_a_loaded_model_is_tied_and_computes_what_was_exported(tmp_path):
    train(tied(), RunOptions(tmp_path, quiet=True))
    model = ganzoo.load(tmp_path)
    assert is_tied(model.generator)
    assert model.discriminator.one is model.discriminator.two
    plain = TiedGenerator()
    plain.load_state_dict(load_file(tmp_path / "export" / "model.safetensors"))
    assert_close(model.generator(torch.ones(3, 4)), plain(torch.ones(3, 4)))
    assert model.card.config.parameters["generator"] == sum(p.numel() for p in plain.parameters())


def test_an_unfinished_run_is_loaded_tied(tmp_path):
    train(tied(images=64), RunOptions(tmp_path, quiet=True, checkpoint_seconds=0))
    (tmp_path / "export").rename(tmp_path / "elsewhere")
    assert is_tied(ganzoo.load(tmp_path).generator)


@pytest.mark.parametrize("half_life", [0.0, 200.0])
def test_a_run_that_goes_on_ends_like_the_one_never_stopped(tmp_path, half_life):
    recipe = {"ema": {"half_life": half_life}}
    train(tied(6, **recipe), RunOptions(tmp_path / "whole", quiet=True))
    train(tied(2, **recipe), RunOptions(tmp_path / "parts", quiet=True))
    train(tied(6, **recipe), RunOptions(tmp_path / "parts", quiet=True))
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")


@pytest.mark.parametrize("dropped", ["last.weight", "first.0.weight"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_file_that_holds_them_once_is_imported(tmp_path, dropped, prefix):
    network, other = TiedGenerator(), TiedGenerator()
    left_out = {"again.0.weight", "again.0.bias", dropped}
    state = {n: t for n, t in network.state_dict().items() if n not in left_out}
    path = tmp_path / "once.safetensors"
    path.write_bytes(
        tensor_bytes({f"{prefix}{name}": tensor for name, tensor in state.items()}, {})
    )
    take(path, other)
    assert is_tied(other)
    assert_close(other(torch.ones(3, 4)), network(torch.ones(3, 4)))


def test_a_start_from_a_tied_model(tmp_path):
    from ganzoo.engine.initial_weights import load_initial_weights, start_from

    train(tied(), RunOptions(tmp_path, quiet=True))
    players = TiedGenerator(), TiedDiscriminator()
    load_initial_weights(start_from(str(tmp_path), tied()), *players)
    assert is_tied(players[0])
    assert_close(players[0](torch.ones(3, 4)), ganzoo.load(tmp_path).generator(torch.ones(3, 4)))
