"""A device whose memory is full ends in one line that says what would fit.

There is no GPU here: a loss says that the memory is full where its share of the batch is large.
"""

from __future__ import annotations

import sys

import pytest
import torch

from games import LogisticGame
from ganzoo.engine import cpu_memory
from ganzoo.engine import out_of_memory as memory
from ganzoo.engine.cpu_memory import check_cpu_memory, with_rows
from ganzoo.engine.dry_call import held_bytes
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.errors import TrainingError
from short_runs import config, play
from tiny import tiny_plugin


class Hungry(LogisticGame):
    """Needs memory that is not there: from its `turn`-th turn on, where it gets over `rows`."""

    def __init__(self, rows: int = 4, turn: int = 0) -> None:
        self.rows, self.turn, self.turns = rows, turn, 0

    def discriminator(self, round):
        self.turns += 1
        if self.turns > self.turn and len(round.real) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().discriminator(round)


@pytest.fixture
def hungry(world):
    """A world with the loss above."""
    sys.modules.setdefault("hungry_losses", sys.modules[__name__])
    world(tiny_plugin(ganzoo_losses={"hungry": "hungry_losses:Hungry"}))


def test_a_batch_that_never_fits_is_told_before_the_training(hungry, tmp_path):
    with pytest.raises(TrainingError) as told:
        play(config(("hungry", {"rows": 5})), tmp_path / "run")
    assert str(told.value) == (
        "the memory of cpu is full at 16 images at once; --micro-batch 4 would fit"
    )
    assert not (tmp_path / "run").exists()


def test_a_step_that_does_not_fit_leaves_the_checkpoint_and_goes_on_in_parts(hungry, tmp_path):
    """The first call of the loss is the dry one."""
    given = config(("hungry", {"rows": 8, "turn": 4}), steps=6)
    with pytest.raises(TrainingError) as told:
        play(given, tmp_path / "run", checkpoint_seconds=0.0)
    assert str(told.value) == (
        "the memory of cpu is full at 16 images at once; --micro-batch 8 would fit; "
        "the last checkpoint is at 64 images"
    )
    (newest, *_) = checkpoint_folders(tmp_path / "run" / "checkpoints")
    assert int(newest.name) == 64
    assert play(given, tmp_path / "run", micro_batch=8).kind == "finished"


def test_where_nothing_fits_that_is_said(hungry, tmp_path):
    with pytest.raises(TrainingError, match="not even one image at once would fit; take smaller"):
        play(config(("hungry", {"rows": 0})), tmp_path / "run")


def test_an_error_behind_another_is_found():
    full = torch.OutOfMemoryError("CUDA out of memory")
    told = TrainingError("the loss fails")
    told.__cause__ = full
    assert memory.full_memory(told) is full
    assert memory.full_memory(TrainingError("another")) is None


# --- A CPU's memory, which the system guards by ending the process ------------------------------

CPU = torch.device("cpu")


@pytest.fixture
def large(tiny_world, monkeypatch):
    """A world whose small networks count as large, with as much free memory as is said."""

    def free(amount):
        monkeypatch.setattr(cpu_memory, "LARGE", 1)
        monkeypatch.setattr(cpu_memory, "free_memory", lambda: amount)

    return free


def test_what_a_turn_holds_grows_with_its_rows(tiny_world):
    state, setup = prepare(config(), CPU)
    two, four, eight = (held_bytes(state, with_rows(setup, rows)) for rows in (2, 4, 8))
    assert 0 < two < four < eight
    assert (four, eight) == pytest.approx((2 * two, 4 * two), rel=0.1)


def test_a_batch_that_a_cpu_cannot_hold_is_refused_with_what_fits(large, tmp_path):
    state, setup = prepare(config(), CPU)
    each = held_bytes(state, with_rows(setup, 2)) / 2
    large(int(each * 9))
    with pytest.raises(TrainingError, match=r"^16 images at once need about .* GB of memory, and"):
        play(config(), tmp_path / "run")
    with pytest.raises(TrainingError, match="--micro-batch 8 would fit"):
        check_cpu_memory(state, setup)
    check_cpu_memory(state, with_rows(setup, 8))
    large(int(each))
    with pytest.raises(TrainingError, match="not even two images at once would fit"):
        check_cpu_memory(state, setup)


def test_small_networks_and_systems_that_say_nothing_are_not_judged(large, monkeypatch):
    state, setup = prepare(config(), CPU)
    large(None)
    check_cpu_memory(state, setup)
    large(1)
    monkeypatch.setattr(cpu_memory, "LARGE", 10**9)
    check_cpu_memory(state, setup)
