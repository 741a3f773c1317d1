"""Checks that train: a game learns, and a killed run that resumes ends like one that was not."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.engine.labels import labeller_of
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.checkpoint import TENSORS, checkpoint_folders
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.run.resume import resume, setting_of
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.train import train, update_average
from ganzoo.engine.turns import step
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.interfaces import Generator
from ganzoo.metrics import sliced_wasserstein
from ganzoo.sampling import calibration_batches, latents
from ganzoo.specs import ModelConfig
from ganzoo.testing.checks.game import line_of_loss
from ganzoo.testing.failures import wrong
from ganzoo.testing.game_data import patterns_for
from ganzoo.testing.games import CPU, Game, silent
from ganzoo.testing.numerics import first_difference, seeded
from ganzoo.testing.subjects import GameSubject
from ganzoo.weights import read_tensors

#: Steps of an attempt, and between measurements; two in a row must be near enough. Most games are
#: within 40; batch norm in a discriminator hides where a whole batch lies, and takes 160.
STEPS, MEASURE_EVERY, MEASUREMENTS = 400, 10, 2
#: Samples that are compared, and the share of the first distance that is near enough.
SAMPLES, NEAR_ENOUGH = 256, 0.8
#: Rates of the generator and the discriminator and batches of 16, on the game's own data; then on
#: patterns that are quicker to learn, for small players or hard data. The check is about gradients
#: and not about rates: Adam's steps do not depend on the scale of a loss.
OWN, EASIER = (3e-3, 3e-3, 2), (1e-3, 3e-3, 4)


@dataclass(frozen=True)
class Attempt:
    """Distances to the data, the steps played, whether it learnt, and the generator."""

    first: float
    best: float
    last: float
    steps: int
    learnt: bool
    generator: Generator

    def __str__(self) -> str:
        return f"distance {self.first:.3g} -> {self.last:.3g} in {self.steps} steps"


def check_learns(subject: GameSubject) -> str:
    """Within a few hundred steps the sliced Wasserstein distance to the data falls by a fifth."""
    game = subject.game
    game.must_start()
    attempt = _attempt(game, *OWN)
    if attempt.learnt:
        return str(attempt)
    if attempt.generator.condition_shape is None:
        easier = _attempt(replace(game, data=patterns_for(attempt.generator)), *EASIER)
        if easier.learnt:
            return f"{easier}, of patterns; not yet of {game.data.name}"
    raise wrong(
        f"after {attempt.steps} steps the samples are not nearer to the data (distance "
        f"{attempt.first:.3g} at first, {attempt.best:.3g} at best, {attempt.last:.3g} at last): a "
        "sign is reversed in a turn of the loss, a gradient is cut off, or samples cannot reach "
        "the data's range; look at both turns",
        line_of_loss(game, method="generator"),
    )


def _attempt(game: Game, generator: float, discriminator: float, batches: int) -> Attempt:
    """Play until samples are near enough to the data, or the steps are over."""
    optimizers = {
        player: {"name": "adam", "lr": rate, "arguments": {"betas": [0.0, 0.9]}}
        for player, rate in (("generator", generator), ("discriminator", discriminator))
    }
    batches = min(batches, max(1, game.samples // game.batch))
    config = game.config(STEPS, optimizers=optimizers, batch=batches * game.batch)
    state, setup = game.prepared(config)
    setup = replace(setup, labeller=labeller_of(setup, state.generator))
    data, _ = setup.data.batch(torch.linspace(0, len(setup.data) - 1, SAMPLES).long())
    distances, near = [_distance(state, setup, data)], 0
    with seeded(0):
        while state.step < STEPS and near < MEASUREMENTS:
            _steps(state, setup)
            distances.append(_distance(state, setup, data))
            near = near + 1 if distances[-1] < NEAR_ENOUGH * distances[0] else 0
    learnt = near == MEASUREMENTS
    best, last = min(distances), distances[-1]
    return Attempt(distances[0], best, last, state.step, learnt, state.generator)


def _steps(state: TrainingState, setup: Setup) -> None:
    for _ in range(MEASURE_EVERY):
        try:
            step(state, setup, silent)
        except (TrainingError, RuntimeError) as error:
            raise wrong(f"step {state.step} fails: {error}") from error
    state.average.update(1.0)  # measure the generator itself, not its average


def _distance(state: TrainingState, setup: Setup, data: Tensor) -> float:
    """The distance of the generator's samples, in eval mode, to the data."""
    batches = calibration_batches(state.generator, 0, setup.device, setup.labeller)
    network = state.average.snapshot(islice(batches, 2))
    labels = setup.labeller.drawn(SAMPLES, seed=0)
    with torch.no_grad(), seeded(0):
        samples = network(
            latents(network, SAMPLES, seed=0), None if labels is None else labels[:SAMPLES]
        )
    if not samples.isfinite().all():
        return float("inf")
    return sliced_wasserstein(data, samples, projections=128)


# --- Resuming ------------------------------------------------------------------------------------

#: Steps of the run that resumes, and the one after which it is killed: lazy penalties are due at
#: some of the rest.
RUN, KILLED_AFTER = 5, 2


def check_resumes(subject: GameSubject) -> str:
    """A run killed at a checkpoint ends with the state, bit by bit, of one that was not."""
    game = subject.game
    game.must_start()
    config = game.config(RUN)
    with tempfile.TemporaryDirectory() as place, _log_off():
        whole, killed = Path(place) / "whole", Path(place) / "killed"
        options = RunOptions(
            whole, checkpoint_seconds=0.0, keep=RUN + 1, quiet=True, grid_every=10**9
        )
        try:
            train(config, options)
            last, *earlier = checkpoint_folders(whole / "checkpoints")
            images = KILLED_AFTER * config.recipe.images_per_step
            (kept,) = [folder for folder in earlier if int(folder.name) == images]
            shutil.copytree(kept, killed / "checkpoints" / kept.name)
            resumed = _resumed(config, replace(options, folder=killed)).tensors()
        except GanzooError as error:
            raise wrong(f"a run of {RUN} steps fails: {one_line(error)}") from error
        if name := first_difference(read_tensors(last / TENSORS), resumed):
            raise wrong(
                f"a run that was killed at {images} images and resumed ends with another "
                f"{name!r}: something that changes the result is in no checkpoint; look for state "
                "outside buffers (self.count += 1, a global, a cache), and for draws that no seed "
                "determines",
                line_of_loss(game, r"self\.\w+\s*[-+*/]?=(?!=)|global "),
            )
    return f"killed at {images} of {config.recipe.images} images"


def _resumed(config: ModelConfig, options: RunOptions) -> TrainingState:
    """The state at the end of a run that resumes from the checkpoint in its folder."""
    state, setup = prepare(config, CPU, fresh=False)
    resume(state, setup, config, options.folder, setting_of(config, setup, options))
    while state.images < config.recipe.images:
        step(state, setup, silent)
        update_average(state, setup)
    return state


@contextmanager
def _log_off() -> Iterator[None]:
    """Silence the log of a training."""
    log = logging.getLogger("ganzoo")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
