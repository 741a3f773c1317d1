"""benchmarks/time_to_quality.py: the published DCGANs as published, and a clock that is honest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

ROOT = Path(__file__).parents[2]
MODULES = ("time_to_quality", "published_dcgans", "textbook")


@pytest.fixture
def timing(monkeypatch):
    """The benchmark as a module, with its folder on the path."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import time_to_quality

    yield time_to_quality
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def published(timing):
    import published_dcgans

    return published_dcgans


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "size", "parameters"),
    [("pytorch-gan", 32, (1_049_985, 98_113)), ("tutorial", 64, (3_574_656, 2_763_520))],
)
def test_the_networks_have_the_authors_sizes(published, name, size, parameters):
    game = published.PUBLISHED[name]()
    fake = game.generator(torch.zeros(2, published.LATENTS))
    assert fake.shape == (2, 1, size, size)
    assert game.discriminator(fake).shape == (2, 1)
    assert (count(game.generator), count(game.discriminator)) == parameters


def test_they_are_drawn_and_normalised_as_published(published):
    game = published.pytorch_gan()
    norms = [m for m in game.generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert [norm.eps for norm in norms] == [1e-5, 0.8, 0.8]
    convolution = next(m for m in game.generator.modules() if isinstance(m, nn.Conv2d))
    assert_close(float(convolution.weight.detach().std()), 0.02, rtol=0.05, atol=0)


def test_a_step_moves_both_players_and_sampling_moves_nothing(published):
    game = published.pytorch_gan()
    before = [[p.clone() for p in n.parameters()] for n in (game.generator, game.discriminator)]
    game.step(torch.rand(4, 1, 32, 32) * 2 - 1)
    for network, old in zip((game.generator, game.discriminator), before, strict=True):
        assert not any(torch.equal(p, q) for p, q in zip(network.parameters(), old, strict=True))
    state = {k: v.clone() for k, v in game.generator.state_dict().items()}
    images = game.samples(5, seed=0)
    assert torch.equal(images, game.samples(5, seed=0))
    assert images.shape == (5, 1, 32, 32)
    assert all(torch.equal(v, state[k]) for k, v in game.generator.state_dict().items())


def test_a_quality_is_reached_at_the_first_point_below_it(timing):
    points = [(8_000, 10.0, 9.0), (9_600, 12.0, 4.9), (11_520, 14.0, 5.1), (13_824, 16.0, 0.9)]
    course = timing.Course("mine", told=False, points=points)
    assert course.reached(5.0) == (9_600, 12.0)
    assert course.reached(1.0) == (13_824, 16.0)
    assert course.reached(0.5) is None
    assert course.row() == (
        "| mine | no | 864 | 9,600 in 12 s | 13,824 in 16 s | – | 0.90 after 13,824 in 16 s |"
    )


class Falling:
    """A training whose distance falls with its images, and whose clock is given."""

    name, told, images = "falling", False, 0

    def train(self, until):
        self.images = int(until)

    def samples(self, n):
        return self.images


@pytest.mark.parametrize(("scale", "seconds", "ends"), [(8_000, 1e9, 20_000), (1e9, 3.5, 14_000)])
def test_a_course_ends_below_the_last_quality_or_after_its_time(
    timing, monkeypatch, capsys, scale, seconds, ends
):
    clock = iter(range(1_000))
    monkeypatch.setattr(timing.time, "process_time", lambda: next(clock))
    judge = type("Judge", (), {"distance": staticmethod(lambda images: scale / images)})
    course = timing.course_of(Falling(), judge, seconds)
    images, spent, distance = course.points[-1]
    assert images < ends
    assert distance < 0.5 or spent >= seconds
    assert [s for _, s, _ in course.points] == [*range(1, len(course.points) + 1)]


def test_our_recipe_is_judged_by_its_average(timing, monkeypatch):
    """On the package's digits: samples of 28 pixels, as many as asked for."""
    raw = timing.raw_config("dcgan-mnist")
    assert "provenance" not in raw
    raw["recipe"] = {**raw["recipe"], "data": {"name": "mnist-mini"}, "batch": 8}
    for player in ("generator", "discriminator"):
        raw[player]["arguments"] = {**raw[player]["arguments"], "width": 4}
    monkeypatch.setattr(timing, "raw_config", lambda name: raw)
    training = timing.Ours("dcgan-mnist", seed=3)
    training.train(20)
    assert training.images == 24
    assert training.samples(3).shape == (3, 1, 28, 28)
    assert training.setup.recipe.seed == 3
