"""Checks of what a loss declares: `double_backward`, and the settings in `recipe`."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.optimizers import make_optimizer
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Player
from ganzoo.specs import Recipe
from ganzoo.specs.reading import read_record
from ganzoo.testing.checks.loss import terms_of
from ganzoo.testing.games import Turn, turn_numbers, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import override, seeded


def check_recipe(subject: LossSubject) -> None:
    """`recipe` holds keys of a recipe, with values that it takes."""
    loss = subject.made()
    base = {"loss": {"name": subject.offer.qualified}, "data": {"name": "-"}}
    try:
        recipe = read_record(Recipe, {**base, **loss.recipe}, "recipe")
        for spec in (recipe.optimizers.generator, recipe.optimizers.discriminator):
            for group in ({}, *({"*": group} for group in spec.groups.values())):
                make_optimizer(replace(spec, groups=group), nn.Linear(1, 1))
    except (GanzooError, TypeError) as error:
        raise subject.wrong(
            f"its class attribute `recipe` is no valid recipe: {one_line(error)}; give keys of a "
            'recipe, such as {"discriminator_steps": 5}',
            r"recipe\b",
            "__init__",
        ) from error


def check_double_backward(subject: LossSubject) -> None:
    """A loss that takes a gradient of the discriminator says `double_backward = True`."""
    if subject.made().double_backward:
        return
    state, setup = subject.ready()
    for _, mover in turn_numbers(state):
        graphs: list[bool] = []
        with seeded(0), turn_of(state, setup, mover) as turn:
            terms_of(subject, _watched(turn, graphs))
        if any(graphs):
            raise subject.wrong(
                f"the {mover}'s turn takes a gradient of the discriminator, to be differentiated "
                "again, and double_backward is False, so the discriminator would be compiled, "
                "which rules that out: write double_backward = True in the class",
                r"score_gradient|_penalty\(|autograd\.grad",
                mover,
            )


def _watched(turn: Turn, graphs: list[bool]) -> Turn:
    """The turn with a discriminator that records whether its gradients keep a graph."""
    network = copy.copy(turn.round.discriminator.module)
    forward, outputs = network.forward, network.outputs

    def watched(inputs: Tensor) -> Tensor:
        same: Tensor = Watch.apply(inputs, graphs)
        return same

    override(network, "forward", lambda inputs, labels=None: forward(watched(inputs), labels))
    override(network, "outputs", lambda inputs, labels=None: outputs(watched(inputs), labels))
    player = Player(network, turn.round.labels)
    return replace(turn, round=replace(turn.round, discriminator=player))


class Watch(torch.autograd.Function):
    """The identity; its backward pass records whether a graph is kept."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, graphs: list[bool]) -> Tensor:
        """Return the inputs."""
        ctx.graphs = graphs
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradients."""
        ctx.graphs.append(torch.is_grad_enabled())
        return gradients[0], None
