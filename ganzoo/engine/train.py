"""The training engine: `train(config, run)`, from a config to an exported model."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.ema import lerp_share
from ganzoo.engine.compiling import compile_players, explaining_double_backward
from ganzoo.engine.config import resolve_precision
from ganzoo.engine.cuda_graphs import Graphs, own_stream
from ganzoo.engine.labels import class_names_of, condition_names_of, keep_conditions, labeller_of
from ganzoo.engine.out_of_memory import explaining_full_memory
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.engine.run.folder import (
    check_folder,
    check_space,
    finished_export,
    locked,
    write_recipe,
)
from ganzoo.engine.run.keeper import CheckpointKeeper
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.run.process import interruptible
from ganzoo.engine.run.recorder import Recorder
from ganzoo.engine.run.resume import resume, setting_of, treat
from ganzoo.engine.run.tracking import Trackers
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import step
from ganzoo.specs import ModelConfig

log = logging.getLogger("ganzoo")


def train(config: ModelConfig, run: RunOptions) -> Outcome:
    """Train from the start, or resume from the last good checkpoint of the run's folder.

    `config` comes from `resolve`: every part qualified, nothing left open. Raises `TrainingError`
    where the folder holds another recipe, and any `GanzooError` of a part that does not fit.
    """
    device = torch.device(run.device)
    config = resolve_precision(config, device)
    if finished := finished_export(config, run.folder):
        return Outcome("already finished", config.recipe.images, finished)
    check_folder(config, run.folder)
    trackers = Trackers(run.trackers if run.ranks.first else ())

    fresh = not checkpoint_folders(run.folder / "checkpoints")
    state, setup = prepare(config, device, run.ranks, run.micro_batch, fresh=fresh, data=run.opened)
    if fresh:
        check_space(state, run.folder, run.keep)
    if run.ranks.first:  # the rank that draws grids and exports
        setup = replace(setup, labeller=labeller_of(setup, state.generator))
    config = replace(
        config,
        kind=setup.data.kind,
        class_shares=setup.labeller.shares,
        class_names=class_names_of(setup.data, state.generator),
        condition_names=condition_names_of(setup.data, state.generator),
        legend=dict(setup.data.legend),
    )
    setting = setting_of(config, setup, run)
    warn_of_batch_statistics(state, setup)

    with locked(run.folder) if run.ranks.first else nullcontext():
        resume(state, setup, config, run.folder, setting)
        if run.ranks.first:
            write_recipe(config, run.folder)  # last: a refusal leaves the folder as it was
            keep_conditions(setup, run.folder)
        with accelerated(state, setup, run) as setup:
            checkpoints = CheckpointKeeper(config.recipe, run, setting)
            recorder = Recorder(state, setup, config, run, checkpoints, trackers)
            return play(state, setup, recorder)


def play(state: TrainingState, setup: Setup, recorder: Recorder) -> Outcome:
    """Step until all images are seen or a signal stops it, and do what is due in between."""
    with (
        interruptible() as interruption,
        recorder.recording(),
        explaining_full_memory(state, setup),
    ):
        while state.images < setup.recipe.images:
            if interruption.to_stop(setup.ranks, state.step):
                break
            judged = step(state, setup, state.meter.add)
            update_average(state, setup)
            if illness := recorder.step_ended(judged):
                treat(illness, state, setup, recorder)
        return recorder.finish(interruption)


def update_average(state: TrainingState, setup: Setup) -> None:
    """Move the average towards the generator, by the images of a step."""
    share = lerp_share(setup.recipe.images_per_step, half_life(state, setup))
    state.average.update(share)


def half_life(state: TrainingState, setup: Setup) -> float:
    """The average's half-life now, in images: it grows with the run until it is the recipe's."""
    averaging, numbers = setup.recipe.ema, setup.schedules.numbers
    longest = numbers.get("ema.half_life", averaging.half_life)
    ramp_up = numbers.get("ema.ramp_up", averaging.ramp_up)
    return longest if ramp_up is None else min(longest, ramp_up * state.images)


@contextmanager
def accelerated(state: TrainingState, setup: Setup, run: RunOptions) -> Iterator[Setup]:
    """Compile the players or play turns as CUDA graphs, as asked, on their own GPU stream."""
    with own_stream(setup.device):
        if run.compile:
            compile_players(state, setup)
            with explaining_double_backward(setup):
                yield setup
        elif run.graph and setup.device.type == "cuda" and len(setup.shares) == 1:
            yield replace(setup, graphs=Graphs())
        else:
            yield setup


def warn_of_batch_statistics(state: TrainingState, setup: Setup) -> None:
    """Warn once where batch norm sees only a part of the batch."""
    modules = [*state.generator.modules(), *state.discriminator.modules()]
    parts = setup.shares[0].count
    if parts > 1 and setup.ranks.first and any(isinstance(m, _BatchNorm) for m in modules):
        log.warning(
            "batch norm takes its statistics over %d images at a time, not over the batch of %d: "
            "results are those of a smaller batch there",
            setup.recipe.batch // parts,
            setup.recipe.batch,
        )
