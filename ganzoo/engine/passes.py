"""The passes of both turns: from a share of a minibatch to the gradient of the player that moves.

Each is a function of samples, latents and draws alone, so that a CUDA graph can record it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.augmentations import Augmented
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.run.metrics import REAL_SCORES
from ganzoo.engine.setup import JudgedMinibatch, Log, Minibatch, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.terms import backpropagate
from ganzoo.interfaces import Augmentation, Discriminator, Player, Round

#: The players, as log, errors and counters name them.
DISCRIMINATOR, GENERATOR = "discriminator", "generator"


def discriminator_pass(
    state: TrainingState,
    setup: Setup,
    batch: Minibatch,
    draws: TurnDraws,
    log: Log,
    *,
    keep_graph: bool = False,
) -> JudgedMinibatch:
    """Judge x and G(z), and add the gradient of the discriminator's terms to its weights."""
    fakes = make_fakes(state, setup, batch, keep_graph=keep_graph)
    log = heard_by_augmentations(log, state.augmentations)
    round = make_round(state, setup, batch, fakes.detach(), draws, log)
    with setup.precision():
        terms = state.loss.discriminator(round)
    backpropagate(terms, DISCRIMINATOR, log, len(setup.shares))
    return JudgedMinibatch(batch.share, batch.real, batch.labels, batch.latents, fakes)


def generator_pass(
    state: TrainingState, setup: Setup, batch: Minibatch, draws: TurnDraws, log: Log
) -> None:
    """Judge G(z), and add the gradient of the generator's terms to its weights."""
    if isinstance(batch, JudgedMinibatch):
        fakes = batch.fakes
    else:
        fakes = make_fakes(state, setup, batch, keep_graph=True)
    round = make_round(state, setup, batch, fakes, draws, log)
    with setup.precision():
        terms = state.loss.generator(round)
    backpropagate(terms, GENERATOR, log, len(setup.shares))


def make_fakes(state: TrainingState, setup: Setup, batch: Minibatch, *, keep_graph: bool) -> Tensor:
    """The generator's samples G(z) of a minibatch's latents, in float32."""
    with torch.set_grad_enabled(keep_graph), setup.precision():
        samples: Tensor = state.generator(batch.latents, batch.labels)
    return samples.float()


def make_round(
    state: TrainingState,
    setup: Setup,
    batch: Minibatch,
    fakes: Tensor,
    draws: TurnDraws,
    log: Log,
) -> Round:
    """The record that the loss sees, whose discriminator is shown augmented samples."""
    place = (setup.device, setup.recipe.batch, batch.share)
    uniform, normal = draws.values("loss", *place)
    shown: Discriminator = state.discriminator
    if state.augmentations:
        augment = draws.values("augment", *place)
        shown = Augmented(state.discriminator, state.augmentations, *augment)
    return setup.round_type(
        real=batch.real,
        fake=fakes,
        latents=batch.latents,
        labels=batch.labels,
        discriminator=Player(shown, batch.labels),
        generator=Player(state.generator, batch.labels),
        images_seen=state.images,
        step=state.step,
        turn=state.turn,
        uniform=uniform,
        normal=normal,
        log=log,
    )


def heard_by_augmentations(log: Log, augmentations: nn.ModuleList) -> Log:
    """A log from which adaptive augmentations learn the scores of real samples."""
    adaptive = [a for a in augmentations if isinstance(a, Augmentation) and a.adaptive]
    if not adaptive:
        return log

    def heard(name: str, values: Tensor) -> None:
        log(name, values)
        if name == REAL_SCORES:
            with torch.no_grad():
                for augmentation in adaptive:
                    augmentation.observe(values.detach().float())

    return heard


@contextmanager
def unfrozen(parameters: tuple[nn.Parameter, ...], *, free: bool = True) -> Iterator[None]:
    """Let gradients reach the discriminator's weights, which they do not at rest.

    With `free=False` the reverse: inside an `unfrozen`, hold the weights as they are at rest.
    """
    for parameter in parameters:
        parameter.requires_grad_(free)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(not free)
