"""Turns that are recorded and replayed end bit for bit like turns that are played eagerly.

There is no GPU here: `Tape` notes operations and does them again on the same tensors, so everything
is proved but the kernels themselves, which tests/gpu looks at.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import pytest
import torch

from games import LogisticGame, games_plugin
from ganzoo.engine.cuda_graphs import WARM_UP, Graphs
from ganzoo.engine.prepare import prepare
from ganzoo.engine.turns import step
from recording_tape import Tape
from short_runs import config

CPU = torch.device("cpu")
STEPS = 14


@pytest.fixture(autouse=True)
def games_world(world):
    return world(games_plugin(), strict=True)


def played(given, graphs=None, steps=STEPS):
    """State and figures after some steps."""
    state, setup = prepare(given, CPU)
    setup = replace(setup, graphs=graphs)
    figures = []
    for _ in range(steps):
        step(state, setup, state.meter.add)
        state.meter.step_ended()
        figures.append(state.meter.read())
    return state, figures


def same(given, steps=STEPS):
    """Play eagerly and recorded; assert that nothing differs, and that much was replayed."""
    replays = []

    class Counted(Tape):
        def replay(self):
            replays.append(self)
            super().replay()

    graphs = Graphs(Counted)
    eager, eager_figures = played(given, steps=steps)
    recorded, figures = played(given, graphs, steps=steps)
    assert graphs.off is None
    assert figures == eager_figures
    ours, theirs = recorded.tensors(), eager.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    turns = eager.turn + eager.step
    assert len(replays) >= turns // 3
    return replays


@pytest.mark.parametrize(
    "loss",
    [
        "non-saturating",
        ("relativistic", {"r1_gamma": 0.1, "r2_gamma": 0.1, "penalty_interval": 3}),
        "path-length",
        "dragan",
    ],
    ids=["plain", "lazy", "state and draws", "both draws"],
)
@pytest.mark.parametrize(
    "turns",
    [{}, {"discriminator_steps": 2}, {"generator_steps": 2}, {"reuse_fakes": False}],
    ids=["one each", "two critics", "two generators", "new fakes"],
)
def test_recorded_turns_equal_eager_ones(loss, turns):
    same(config(loss, **turns), steps=24 if isinstance(loss, tuple) else STEPS)


@pytest.mark.parametrize(
    ("generator", "discriminator", "loss"),
    [
        ("normed", "spectral", "non-saturating"),
        ("dropout", "dropout", "hinge"),
        (("tiny", {"num_classes": 8}), "classifying", "acgan"),
        ("tied", "half-frozen", "least-squares"),
        ("tiny", "auto-encoder", "began"),
    ],
    ids=["statistics", "layers that draw", "labels", "tied and frozen", "a loss's state"],
)
def test_networks_of_all_kinds_are_recorded(generator, discriminator, loss):
    same(config(loss, generator=generator, discriminator=discriminator))


def test_augmentation_and_moving_weights_are_recorded(tmp_path):
    moving = {"loss.arguments.r1_gamma": {"name": "linear", "arguments": {"to": 1.0}}}
    picture = {"sample_shape": [1, 28, 28]}
    same(
        config(
            ("hinge", {"r1_gamma": 0.1, "penalty_interval": 2}),
            generator=("tiny", picture),
            discriminator=("tiny", picture),
            data="mnist-mini",
            kind="image",
            augmentation={"flip": True, "diffaugment": ["color", "translation"]},
            schedules=moving,
            steps=STEPS,
        )
    )


@pytest.mark.parametrize("target", [-0.5, None], ids=["adaptive", "scheduled"])
def test_an_adaptive_augmentation_is_recorded(target):
    picture = {"sample_shape": [1, 28, 28]}
    rising = {"augmentation.ada.strength": {"name": "linear", "arguments": {"to": 1.0}}}
    same(
        config(
            generator=("tiny", picture),
            discriminator=("tiny", picture),
            data="mnist-mini",
            kind="image",
            augmentation={"ada": {"speed": 200, "target": target}},
            schedules=rising if target is None else {},
            steps=STEPS,
        )
    )


def test_a_checkpoint_that_is_taken_over_reaches_the_recording():
    """Buffers of a loss are replaced by it, where a recording reads those that it knows."""
    given = config("began", discriminator="auto-encoder")
    early, _ = played(given, steps=5)
    tensors, plain = early.tensors(), early.plain()
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    ends = []
    for graphs in (None, Graphs(Tape)):
        state, setup = prepare(given, CPU)
        setup = replace(setup, graphs=graphs)
        for number in range(16):
            if number == 8:
                state.restore({name: tensor.clone() for name, tensor in tensors.items()}, plain)
            step(state, setup, lambda name, values: None)
        ends.append(state.tensors())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


class Curious(LogisticGame):
    """Reads the run's progress."""

    def discriminator(self, round):
        terms = super().discriminator(round)
        return terms if round.images_seen else {"first": next(iter(terms.values()))}


class Fickle(LogisticGame):
    """Draws more and more."""

    calls = 0

    def discriminator(self, round):
        type(self).calls += 1
        round.uniform(type(self).calls)
        return super().discriminator(round)


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (Curious, r"the loss reads round.images_seen, and not round.due\(every\)"),
        (Fickle, "the loss or an augmentation varies what it draws"),
    ],
)
def test_what_cannot_be_recorded_is_played_eagerly_and_told_once(loss, reason, caplog, monkeypatch):
    class Strict(Tape):
        """Notices at once, as a GPU's recording does."""

        def record(self, work):
            work()
            raise AssertionError("it should have been refused")

    state, setup = prepare(config("non-saturating"), CPU)
    state.loss, graphs = loss(), Graphs(Strict)
    setup = replace(setup, graphs=graphs)
    with caplog.at_level(logging.WARNING):
        for _ in range(WARM_UP + 4):
            step(state, setup, lambda name, values: None)
    assert graphs.off is not None
    (record,) = caplog.records
    assert record.getMessage().startswith("turns are not played as CUDA graphs: ")
    assert re.search(reason, record.getMessage())
    assert state.step == WARM_UP + 4


def test_a_recording_that_fails_leaves_the_turn_as_an_eager_one(caplog):
    """Whatever the recording replaced is put back, and layers that draw are seeded again."""

    class Refusing(Tape):
        def record(self, work):
            raise RuntimeError("operation not permitted when stream is capturing")

    given = config("began", discriminator="auto-encoder", generator="dropout")
    graphs = Graphs(Refusing)
    eager, figures = played(given)
    tried, found = played(given, graphs)
    assert "stream is capturing" in graphs.off
    assert found == figures
    ours, theirs = tried.tensors(), eager.tensors()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
