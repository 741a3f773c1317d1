"""A check that a game learns: a few hundred steps bring samples nearer to the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from ganzoo.engine.labels import labeller_of
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Setup, step
from ganzoo.errors import TrainingError
from ganzoo.metrics import sliced_wasserstein
from ganzoo.sampling import calibration_batches, latents
from ganzoo.testing.failures import line_of, wrong
from ganzoo.testing.game_data import stand_in_for
from ganzoo.testing.games import Game, silent
from ganzoo.testing.numerics import seeded
from ganzoo.testing.subjects import GameSubject

#: Steps at most of an attempt, and between looks; at two looks in a row it must be nearer. Most
#: games are within 40; batch norm in a discriminator hides where a whole batch lies, and takes 160.
STEPS, LOOK_EVERY, LOOKS = 400, 10, 2
#: Samples that are compared, and the share of the first distance that counts as nearer.
SAMPLES, NEARER = 256, 0.8
#: Rates of the generator and the discriminator and batches of 16, on the game's own data; then on
#: patterns that are learnt sooner, for players that are small or data that is hard. The check is of
#: gradients and not of rates: Adam's steps do not depend on how large a loss is.
OWN, EASIER = (3e-3, 3e-3, 2), (1e-3, 3e-3, 4)


@dataclass(frozen=True)
class Attempt:
    """Distances to the data: before, the least and the last, and the steps that were played."""

    first: float
    best: float
    last: float
    steps: int
    learnt: bool


def check_learns(subject: GameSubject) -> str:
    """A few hundred steps at most lower the sliced Wasserstein distance to the data by a fifth."""
    game = subject.game
    state, _ = game.setup()  # skips a game that cannot start
    made = _attempt(game, *OWN)
    if not made.learnt and state.generator.condition_shape is None:
        network = state.generator
        patterns = stand_in_for(tuple(network.sample_shape), network.num_classes)
        easier = _attempt(replace(game, data=patterns), *EASIER)
        if easier.learnt:
            return f"{_told(easier)}, of patterns; not yet of {game.data.name}"
    if made.learnt:
        return _told(made)
    raise wrong(
        f"after {made.steps} steps the samples are not nearer to the data: the distance was "
        f"{made.first:.3g}, the best on the way {made.best:.3g}, the last {made.last:.3g}: a sign "
        "is turned round in a turn of the loss, a gradient is cut off, or samples cannot reach "
        "the data's range; look at both turns",
        line_of(type(state.loss), method="generator"),
    )


def _told(made: Attempt) -> str:
    return f"distance {made.first:.3g} -> {made.last:.3g} in {made.steps} steps"


def _attempt(game: Game, generator: float, discriminator: float, batches: int) -> Attempt:
    """Play until samples are nearer to the data, or the steps are over."""
    optimizers = {
        player: {"name": "adam", "lr": rate, "arguments": {"betas": [0.0, 0.9]}}
        for player, rate in (("generator", generator), ("discriminator", discriminator))
    }
    batches = min(batches, max(1, game.samples // game.batch))
    config = game.config(STEPS, optimizers=optimizers, batch=batches * game.batch)
    state, setup = game.prepared(config)
    setup = replace(setup, labeller=labeller_of(setup, state.generator))
    data = _real(setup)
    found, nearer = [_distance(state, setup, data)], 0
    with seeded(0):
        while state.step < STEPS and nearer < LOOKS:
            _steps(state, setup)
            found.append(_distance(state, setup, data))
            nearer = nearer + 1 if found[-1] < NEARER * found[0] else 0
    return Attempt(found[0], min(found), found[-1], state.step, nearer == LOOKS)


def _steps(state: TrainingState, setup: Setup) -> None:
    for _ in range(LOOK_EVERY):
        try:
            step(state, setup, silent)
        except (TrainingError, RuntimeError) as error:
            raise wrong(f"step {state.step} fails: {error}") from error
    state.average.update(1.0)  # what is looked at is the generator as it is


def _distance(state: TrainingState, setup: Setup, data: Tensor) -> float:
    """The distance of the generator's samples, in eval mode, to the data."""
    batches = calibration_batches(state.generator, 0, setup.device, setup.labeller)
    network = state.average.snapshot(islice(batches, 2))
    drawn = latents(network, SAMPLES, seed=0)
    told = setup.labeller.drawn(SAMPLES, seed=0)
    with torch.no_grad(), seeded(0):
        made = network(drawn, None if told is None else told[:SAMPLES])
    if not made.isfinite().all():
        return float("inf")
    return sliced_wasserstein(data, made, projections=128)


def _real(setup: Setup) -> Tensor:
    """Some of the data, from all over it."""
    rows = torch.linspace(0, len(setup.data) - 1, SAMPLES).long()
    return setup.data.batch(rows)[0]
