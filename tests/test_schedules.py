"""Learning rates over a run, and gradients that are clipped."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ganzoo.engine.checkpoint import last_good
from ganzoo.engine.prepare import prepare
from ganzoo.engine.schedules import share_of_rate
from ganzoo.engine.turns import gradients_of, step
from ganzoo.specs import Schedule
from playing import PLAIN, config, exported, play

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("schedule", "images", "share"),
    [
        (Schedule("constant"), 500, 1.0),
        (Schedule("constant", warmup=100), 25, 0.25),
        (Schedule("constant", warmup=100), 500, 1.0),
        (Schedule("linear"), 250, 0.75),
        (Schedule("linear", final=0.2), 1000, 0.2),
        (Schedule("linear", images=500, final=0.5), 800, 0.5),
        (Schedule("cosine"), 0, 1.0),
        (Schedule("cosine"), 500, 0.5),
        (Schedule("cosine"), 1000, 0.0),
        (Schedule("cosine", warmup=200), 600, 0.5),
        (Schedule("cosine", final=0.1), 1000, 0.1),
    ],
)
def test_a_share_of_the_rate_at_an_image_of_a_run_of_1000(schedule, images, share):
    assert share_of_rate(schedule, images, 1000) == pytest.approx(share)


@given(
    name=st.sampled_from(["constant", "linear", "cosine"]),
    warmup=st.integers(0, 500),
    final=st.floats(0, 1),
    images=st.integers(0, 2000),
)
def test_a_share_lies_between_nothing_and_everything(name, warmup, final, images):
    share = share_of_rate(Schedule(name, None, warmup, final), images, 1000)
    assert 0 <= share <= 1
    if images >= max(warmup, 1000):
        assert share == pytest.approx(1.0 if name == "constant" else final)


def rates(folder):
    plain = last_good(folder / "checkpoints").plain
    return tuple(
        plain[f"{player}_optimizer"]["groups"][0]["lr"] for player in ("generator", "discriminator")
    )


def test_the_last_image_has_the_last_rate(tiny_world, tmp_path):
    linear = {"name": "adam", "lr": 0.1, "schedule": {"name": "linear", "final": 0.5}}
    play(config(optimizers={"generator": linear}), tmp_path)
    assert rates(tmp_path) == (pytest.approx(0.05), 2e-4)


def test_a_warm_up_begins_above_nothing(tiny_world, tmp_path):
    wish = {"name": "adam", "lr": 0.1, "schedule": {"name": "constant", "warmup": 160}}
    play(config(optimizers={"generator": wish, "discriminator": wish}, steps=1), tmp_path)
    assert rates(tmp_path) == (pytest.approx(0.01), pytest.approx(0.01))


def test_going_on_is_exact_under_a_schedule(tiny_world, tmp_path):
    schedule = {"name": "cosine", "images": 160, "warmup": 32}
    both = {player: {"schedule": schedule} for player in ("generator", "discriminator")}
    play(config(optimizers=both, steps=8), tmp_path / "whole")
    play(config(optimizers=both, steps=3), tmp_path / "halves")
    play(config(optimizers=both, steps=8), tmp_path / "halves")
    whole, halves = exported(tmp_path / "whole"), exported(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_longer_gradient_is_scaled_down_to_the_norm_asked_for(tiny_world, player):
    clipped = {**PLAIN, "max_grad_norm": 0.01}
    both = {"generator": PLAIN, "discriminator": PLAIN}
    ours, theirs = (
        prepare(config(optimizers=wish), CPU)[:2] for wish in ({**both, player: clipped}, both)
    )
    for state, table in (ours, theirs):
        step(state, table, lambda name, values: None)
    found, free = (
        gradients_of(getattr(state, f"{player}_optimizer")) for state, _ in (ours, theirs)
    )
    norm = torch.nn.utils.get_total_norm(found)
    assert_close(norm, torch.tensor(0.01), rtol=1e-3, atol=0)
    if player == "discriminator":  # the first to move: its gradient is that of the free run
        share = 0.01 / torch.nn.utils.get_total_norm(free)
        for one, other in zip(found, free, strict=True):
            assert_close(one, other * share, rtol=1e-3, atol=1e-7)


def test_a_shorter_gradient_is_left_alone(tiny_world, tmp_path):
    wide = {player: {**PLAIN, "max_grad_norm": 1e6} for player in ("generator", "discriminator")}
    free = dict.fromkeys(("generator", "discriminator"), PLAIN)
    play(config(optimizers=wide), tmp_path / "wide")
    play(config(optimizers=free), tmp_path / "free")
    wide, free = exported(tmp_path / "wide"), exported(tmp_path / "free")
    assert all(torch.equal(wide[name], free[name]) for name in wide)
