"""Checks of what a loss claims: `double_backward`, and the settings in `recipe`."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.optimizers import make_optimizer
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Player, Round
from ganzoo.specs import Recipe
from ganzoo.specs.reading import read_record
from ganzoo.testing.checks.loss import LAZY, terms_of
from ganzoo.testing.failures import wrong
from ganzoo.testing.games import MOVERS, Turn, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import override, seeded


def check_double_backward(subject: LossSubject) -> None:
    """A loss that takes a gradient of the discriminator says `double_backward = True`."""
    if subject.made().double_backward:
        return
    state, setup = subject.setup()
    for number in range(LAZY):
        state.turn = state.step = number
        for mover in MOVERS:
            seen: list[bool] = []
            with seeded(0), turn_of(state, setup, mover) as turn:
                terms_of(subject, turn.shown(_watched(turn, seen)))
            if any(seen):
                raise wrong(
                    f"the {mover}'s turn takes a gradient of the discriminator, to be "
                    "differentiated again, and double_backward is False: a discriminator that "
                    "cannot do that would be compiled; write double_backward = True in the class",
                    subject.line(r"score_gradient|_penalty\(|autograd\.grad", mover),
                )


def check_recipe(subject: LossSubject) -> None:
    """`recipe` holds keys of a recipe, with values that it takes."""
    loss, at = subject.made(), subject.line(r"recipe\b", "__init__")
    base = {"loss": {"name": subject.entry.qualified}, "data": {"name": "-"}}
    try:
        recipe = read_record(Recipe, {**base, **loss.recipe}, "recipe")
        for spec in (recipe.optimizers.generator, recipe.optimizers.discriminator):
            for group in ({}, *({"*": group} for group in spec.groups.values())):
                make_optimizer(replace(spec, groups=group), nn.Linear(1, 1))
    except (GanzooError, TypeError) as error:
        raise wrong(
            f"its class attribute `recipe` is no recipe: {one_line(error)}; give keys of a recipe, "
            'such as {"discriminator_steps": 5}',
            at,
        ) from error


def _watched(turn: Turn, seen: list[bool]) -> Round:
    """The turn's round, with a discriminator that notes when it is differentiated, and how."""
    network = copy.copy(turn.round.discriminator.module)
    forward, outputs = network.forward, network.outputs

    def watched(inputs: Tensor) -> Tensor:
        made: Tensor = Watch.apply(inputs, seen)
        return made

    override(network, "forward", lambda inputs, labels=None: forward(watched(inputs), labels))
    override(network, "outputs", lambda inputs, labels=None: outputs(watched(inputs), labels))
    return replace(turn.round, discriminator=Player(network, turn.round.labels))


class Watch(torch.autograd.Function):
    """The identity; its way back notes whether it can be gone back over again."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, seen: list[bool]) -> Tensor:
        """Inputs, as they are."""
        ctx.seen = seen
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Gradients, as they are."""
        ctx.seen.append(torch.is_grad_enabled())
        return gradients[0], None
