"""A device whose memory is full ends in one line that says what would fit.

There is no GPU here: a loss says that the memory is full where its share of the batch is large.
"""

from __future__ import annotations

import sys

import pytest
import torch

from games import LogisticGame
from ganzoo.engine import out_of_memory as memory
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
