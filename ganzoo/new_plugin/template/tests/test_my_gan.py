"""The plugin is right: ganzoo's checks of it, and what its loss is on paper."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo.testing import parametrize_with_checks, round_of


@parametrize_with_checks("ganzoo-my-gan")
def test_the_plugin_is_right(part, check):
    check(part)


def test_the_models_are_in_the_zoo():
    assert {"my-gan-ring", "my-gan-mnist-mini"} <= set(ganzoo.list_models())


def test_a_perfect_discriminator_has_nothing_left_to_learn():
    """Scores of 1 for what is real and 0 for what is not: eq. 9 is 0."""
    loss = ganzoo.create_loss("my-gan")
    turn = round_of(lambda samples: samples[:, 0], torch.ones(4, 2), torch.zeros(4, 2))
    assert sum(values.mean() for values in loss.discriminator(turn).values()) == 0
    assert (loss.generator(turn)["generator"] == 0.5).all()
