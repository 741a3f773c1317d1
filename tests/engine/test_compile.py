"""`--compile` beside losses that differentiate gradients: torch cannot do that, so nobody tries."""

from __future__ import annotations

import re
import sys
import types

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import TrainingError
from ganzoo.losses import r1_penalty
from short_runs import config
from tiny import tiny_plugin


class Plain(ganzoo.Loss):
    def discriminator(self, round):
        return {"fit": round.discriminator(round.fake) - round.discriminator(round.real)}

    def generator(self, round):
        return {"fool": -round.discriminator(round.fake)}


class Penalised(Plain):
    """Takes a gradient of the discriminator, from the turn `since` on, and does not say so."""

    def __init__(self, since=0):
        super().__init__()
        self.since = since

    def discriminator(self, round):
        terms = super().discriminator(round)
        if round.turn >= self.since:
            points = round.real.detach().requires_grad_()
            scores = round.discriminator(points)
            (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
            terms["penalty"] = gradient.square().sum(1)
        return terms


class Borrowed(Plain):
    """Has a penalty of ganzoo's."""

    def discriminator(self, round):
        return {**super().discriminator(round), "r1": r1_penalty(round.discriminator, round.real)}


class ByBackward(Plain):
    """Takes the gradient by `backward`."""

    def discriminator(self, round):
        points = round.real.detach().requires_grad_()
        round.discriminator(points).sum().backward(create_graph=True, inputs=[points])
        return {**super().discriminator(round), "penalty": points.grad.square().sum(1)}


class Smooth(Plain):
    """Takes a gradient of the generator, as for path lengths."""

    def generator(self, round):
        latents = round.latents.detach().requires_grad_()
        samples = round.generator(latents)
        (gradient,) = torch.autograd.grad(samples.sum(), latents, create_graph=True)
        return {**super().generator(round), "lengths": gradient.square().sum(1)}


class Looking(Plain):
    """Looks at a gradient that nobody differentiates."""

    def discriminator(self, round):
        points = round.real.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(round.discriminator(points).sum(), points)
        round.log("slope", gradient.norm())
        return super().discriminator(round)


class Said(Penalised):
    double_backward = True


LOSSES = {c.__name__.lower(): c for c in
          (Plain, Penalised, Borrowed, ByBackward, Smooth, Looking, Said)}  # fmt: skip
BOTH, NONE = {"TinyGenerator", "TinyDiscriminator"}, set()


@pytest.fixture(autouse=True)
def losses(world, monkeypatch):
    module = types.ModuleType("compiled_losses")
    module.__dict__.update(LOSSES)
    monkeypatch.setitem(sys.modules, "compiled_losses", module)
    world(tiny_plugin(ganzoo_losses={name: f"compiled_losses:{name}" for name in LOSSES}))


@pytest.fixture
def compiled(monkeypatch):
    """The classes of the networks that are compiled; they go on as they are."""
    found = set()
    monkeypatch.setattr(nn.Module, "compile", lambda self: found.add(type(self).__name__))
    return found


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
@pytest.mark.parametrize(
    ("loss", "networks", "told"),
    [
        ("plain", BOTH, None),
        ("looking", BOTH, None),
        ("penalised", {"TinyGenerator"}, "the discriminator is not compiled"),
        ("borrowed", {"TinyGenerator"}, "the discriminator is not compiled"),
        ("bybackward", {"TinyGenerator"}, "the discriminator is not compiled"),
        ("said", {"TinyGenerator"}, None),
        ("smooth", NONE, "in the generator's turn, .*: neither player is compiled"),
    ],
)
def test_what_cannot_be_compiled_is_not_and_that_is_told(
    tmp_path, compiled, caplog, loss, networks, told
):
    train(config(loss, steps=1), RunOptions(tmp_path, quiet=True, compile=True))
    assert compiled == networks
    lines = [line for line in caplog.messages if "compiled" in line]
    assert len(lines) == (told is not None)
    if told:
        assert f"tiny/{loss} differentiates a gradient" in lines[0]
        assert re.search(told, lines[0])


def test_it_changes_nothing_of_what_is_learnt(tmp_path, compiled):
    for folder, asked in (("one", True), ("other", False)):
        options = RunOptions(tmp_path / folder, quiet=True, compile=asked)
        train(config("penalised", steps=3), options)
    one, other = (
        (tmp_path / folder / "export" / "discriminator.safetensors").read_bytes()
        for folder in ("one", "other")
    )
    assert one == other


@pytest.mark.filterwarnings("ignore")  # of what the compiler itself does
def test_a_penalty_that_sets_in_later_ends_with_what_to_write(tmp_path, monkeypatch):
    plain = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: plain(self, backend="aot_eager"))
    wish = config(("penalised", {"since": 2}), steps=4)
    message = "tiny/penalised differentiates a gradient.*; set double_backward = True in its"
    with pytest.raises(TrainingError, match=message):
        train(wish, RunOptions(tmp_path, quiet=True, compile=True))
