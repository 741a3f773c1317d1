"""Our engine beside the plain loop of benchmarks/textbook.py: one mathematics, step by step."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from ganzoo.cards import catalogue
from ganzoo.ema import lerp_share
from ganzoo.engine.config import resolve
from ganzoo.engine.prepare import prepare
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.train import half_life
from ganzoo.engine.turns import discriminator_turn, draw_latents, generator_turn
from ganzoo.recipes import RESULTS

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
#: What makes the zoo's recipes small, and takes from them what draws inside a network.
SMALL = {
    "vanilla-mnist": ({"widths": [32]}, {"widths": [32], "dropout": 0.0}),
    "dcgan-mnist": ({"size": 28, "width": 4}, {"size": 28, "width": 4, "batch_norm": False}),
    "wgan-mnist": ({"width": 4}, {"width": 4}),
    "wgan-gp-mnist": ({"width": 4}, {"width": 4}),
}
#: Plain descent: Adam's first steps have the size of the rate wherever a gradient is noise.
PLAIN = {"name": "momentum", "lr": 0.01, "arguments": {"momentum": 0.0}}


@pytest.fixture
def benchmarks(monkeypatch):
    """The folder of benchmarks on the path."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    for name in ("textbook", "train_step"):
        sys.modules.pop(name, None)


def small(name):
    raw = {key: value for key, value in catalogue().card(name).raw.items() if key not in RESULTS}
    generator, discriminator = SMALL[name]
    raw["generator"] = {**raw["generator"], "arguments": generator}
    raw["discriminator"] = {**raw["discriminator"], "arguments": discriminator}
    raw["recipe"] = {
        **raw["recipe"],
        "data": {"name": "mnist-mini"},
        "batch": 16,
        "optimizers": {"generator": PLAIN, "discriminator": PLAIN},
    }
    return resolve(raw, name)


def textbook_of(state, recipe):
    """The plain loop on copies of our networks, built of torch's layers and optimizers."""
    from textbook import Textbook, game_of, make_plain

    networks = [copy.deepcopy(n) for n in (state.generator, state.discriminator)]
    for network in networks:
        make_plain(network)
        network.requires_grad_(True)
    optimizers = [torch.optim.SGD(n.parameters(), lr=PLAIN["lr"]) for n in networks]
    game = game_of(recipe.loss.name.rpartition("/")[2], recipe.loss.arguments)
    average = copy.deepcopy(networks[0])
    return Textbook(networks[0], average, networks[1], *optimizers, game)


@pytest.mark.parametrize("name", SMALL)
def test_our_steps_are_the_textbooks(benchmarks, name):
    config = small(name)
    recipe = config.recipe
    state, setup = prepare(config, CPU)
    plain = textbook_of(state, recipe)
    (share,) = setup.shares
    seen = {}
    for _ in range(3):
        for turn in range(recipe.discriminator_steps):
            last = turn == recipe.discriminator_steps - 1
            real, _ = setup.real_batch(state.images, share)
            draws = TurnDraws(setup.counters, state.turn, "discriminator")
            latents = draw_latents(state, setup, share, draws)
            uniform, _ = setup.counters.draws(state.turn, "discriminator-loss", CPU, 16, share)
            if name == "wgan-gp-mnist":
                plain.game.shares = uniform(16)
            played = discriminator_turn(state, setup, seen.__setitem__, keep_graph=last)
            theirs = plain.discriminator_turn(real, latents)
            terms = [v.detach() for k, v in seen.items() if k.startswith("discriminator")]
            assert_close(float(sum(terms)), theirs, rtol=1e-3, atol=1e-4)
            seen.clear()
        generator_turn(state, setup, seen.__setitem__, played)
        share_of_way = lerp_share(recipe.images_per_step, half_life(state, setup))
        state.average.update(share_of_way)
        theirs = plain.generator_turn(latents, 1 - share_of_way)
        assert_close(float(seen["generator"].detach()), theirs, rtol=1e-3, atol=1e-4)
        seen.clear()
        pairs = {
            "generator": (state.generator, plain.generator),
            "discriminator": (state.discriminator, plain.critic),
            "average": (state.average.module, plain.average),
        }
        for ours, other in pairs.values():
            for one, two in zip(ours.parameters(), other.parameters(), strict=True):
                assert_close(one, two, rtol=1e-3, atol=5e-5, check_stride=False)
