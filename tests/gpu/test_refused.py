"""A recording that a GPU refuses: the last of these tests, as it may leave the card unwell."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganzoo.engine.cuda_graphs import own_stream
from ganzoo.engine.prepare import prepare
from gpu_steps import differences, one_step, recorder
from short_runs import config


@pytest.mark.cuda_only
def test_a_turn_that_cannot_be_recorded_is_played_eagerly(device, games_world):
    """A loss that waits for the card, which nothing that is recorded may."""
    ends = []
    for graphs in (None, recorder(device)):
        given = config("hinge", generator="dropout", discriminator="dropout")
        state, setup = prepare(given, device)
        plain = state.loss.discriminator

        def waiting(round, plain=plain):
            float(round.real.sum())
            return plain(round)

        state.loss.discriminator = waiting
        with own_stream(device):
            for _ in range(10):
                one_step(state, replace(setup, graphs=graphs))
        torch.cuda.synchronize()
        ends.append({name: tensor.cpu() for name, tensor in state.tensors().items()})
    assert graphs.off is not None
    assert not differences(*ends)
