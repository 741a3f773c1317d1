"""What is right, though unusual, passes every check; and what an author says is heeded."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

import odd
from broken import broken_plugin
from ganzoo.testing import checks_of, round_of, run_checks
from ganzoo.testing.checks.two_ranks import Value, difference

ODD = {
    "spectral norm": {"discriminator": "NormedSpectrum"},
    "weight norm": {"generator": "NormedWeights"},
    "a class more": {"generator": "Told", "discriminator": "Classifier", "loss": "ClassGame"},
    "an encoder": {"generator": "Encoding", "loss": "EncodingGame"},
    "a cached window": {"loss": "Windowed"},
    "ten samples": {"dataset": "Few"},
    "brightness": {
        "generator": "PositiveImage",
        "discriminator": "LogJudge",
        "dataset": "Positive",
    },
    "maps and patches": {"generator": "Maps", "discriminator": "MapJudge"},
    "no latents": {"generator": "Constant"},
    "pairs": {"discriminator": "Pairs"},
    "a frozen network": {"loss": "Perceptual"},
    "a lazy head": {"discriminator": "Extra", "loss": "Lazy"},
    "data elsewhere": {"dataset": "Elsewhere"},
}


def plugin(parts: dict[str, str]):
    return broken_plugin(**{kind: f"odd:{name}" for kind, name in parts.items()})


@pytest.mark.parametrize("name", ODD)
def test_what_is_unusual_and_right_passes(name):
    made = run_checks(plugin(ODD[name]), fast=True)
    assert [one for one in made if not one.holds] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_it_trains_goes_on_and_is_shared_too(name):
    made = run_checks(plugin(ODD[name]))
    assert [one for one in made if not one.holds] == []


def test_nothing_is_fetched_for_an_authors_game(monkeypatch):
    count = itertools.count()
    monkeypatch.setattr(odd.Elsewhere, "built", count)
    examples = {"game/far": {"generator": "image", "data": "halves"}}
    made = run_checks(plugin({"dataset": "Elsewhere"}), examples=examples, fast=True)
    assert next(count) == 0
    assert [one for one in made if not one.holds] == []


def test_games_of_one_name_are_both_played():
    """A loss and a data set that are called alike, and do not play together."""
    examples = {"game/game": {"generator": "image"}}
    planned = checks_of(broken_plugin(), examples=examples)
    names = [one.subject.id for one in planned if one.name == "check_starts"]
    assert len(names) == len(set(names)) and "game/game-2" in names


def test_a_waived_check_may_fail_by_what_the_part_raises():
    waivers = {"check_files[writer/halves]": "it writes to a service"}
    source = broken_plugin("writer", "write_and_raise")
    (found,) = [one for one in run_checks(source, waivers=waivers) if one.check == "check_files"]
    assert found.outcome == "waived"


@pytest.mark.parametrize("worth", [math.nan, math.inf])
def test_what_is_not_finite_is_never_close(worth):
    one, other = Value(torch.tensor([worth]), 1.0), Value(torch.tensor([1.0]), 1.0)
    assert difference(one, other) == math.inf


def test_a_round_is_made_of_its_seed():
    one, other, third = (
        round_of(lambda x: x[:, 0], torch.ones(3, 2), torch.zeros(3, 2), seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(one.generator(one.latents), other.generator(other.latents))
    assert not torch.equal(one.latents, third.latents)
    assert one.generator(one.latents).shape == (3, 2)


def test_a_round_has_latents_of_its_generator():
    turn = round_of(lambda x: x[:, 0], torch.ones(3, 2), torch.zeros(3, 2), generator=odd.Maps())
    assert turn.generator(turn.latents).shape == (3, 8, 4, 4)
