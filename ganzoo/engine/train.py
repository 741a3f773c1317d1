"""The training engine: `train(config, run)` reads like the algorithm."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import torch

from ganzoo.engine.cadence import Cadence
from ganzoo.engine.checkpoint import last_good, sweep
from ganzoo.engine.folder import check_folder, finished_export, write_recipe
from ganzoo.engine.prepare import plain, prepare, resolve_precision
from ganzoo.engine.process import interruptible
from ganzoo.engine.run import Outcome, RunOptions
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Table, discriminator_turn, generator_turn
from ganzoo.errors import TrainingError
from ganzoo.specs import ModelConfig, recipe_hash
from ganzoo.wrappers.ema import lerp_share

log = logging.getLogger("ganzoo")


def train(config: ModelConfig, run: RunOptions) -> Outcome:
    """Train from the start, or go on from the last good checkpoint of the folder.

    `config` is resolved (every part qualified, nothing left open). Raises `TrainingError` where
    the folder holds another recipe, and any `GanzooError` of a part that does not fit.
    """
    device = torch.device(run.device)
    config = resolve_precision(config, device)
    if finished := finished_export(config, run.folder):
        return Outcome("already finished", config.recipe.images, finished)
    state, table = prepare(config, device)
    config = replace(config, kind=table.data.kind)
    check_folder(config, run.folder)
    resume(state, table, config, run.folder)
    write_recipe(config, run.folder)  # last: whatever was refused leaves the folder as it was
    return play(state, table, config, run)


def play(state: TrainingState, table: Table, config: ModelConfig, run: RunOptions) -> Outcome:
    """The loop: n discriminator turns, a generator turn, the average, and what is due."""
    recipe = config.recipe
    due = Cadence(state, table, config, run)
    with interruptible() as asked, due.told_of_failure(), due.display:
        while state.images < recipe.images and asked.signal is None:
            for number in range(recipe.discriminator_steps):
                last = number == recipe.discriminator_steps - 1
                keep_graph = last and recipe.reuse_fakes
                fakes, real, labels = discriminator_turn(
                    state, table, due.meter.add, keep_graph=keep_graph
                )
            reused = fakes if recipe.reuse_fakes else None
            generator_turn(state, table, due.meter.add, reused, real, labels)
            state.average.update(lerp_share(recipe.images_per_step, half_life(state, config)))
            due.look()
        return due.finish(asked)


def half_life(state: TrainingState, config: ModelConfig) -> float:
    """The average's half-life now, in images: it grows with the run until it is the recipe's."""
    ema = config.recipe.ema
    return ema.half_life if ema.ramp_up is None else min(ema.half_life, ema.ramp_up * state.images)


def resume(state: TrainingState, table: Table, config: ModelConfig, folder: Path) -> None:
    """Take over the last good checkpoint, if there is one."""
    sweep(folder / "checkpoints")
    found = last_good(folder / "checkpoints")
    if found is not None:
        if found.recipe_hash != recipe_hash(plain(config)):
            raise TrainingError(f"{found.folder} is of another recipe; give another --out")
        state.restore(found.tensors, found.plain)
        if state.images - config.recipe.images >= config.recipe.images_per_step:
            raise TrainingError(
                f"{folder} has seen {state.images:,} images already; images can be raised, not "
                f"lowered to {config.recipe.images:,}"
            )
        table.counters.stream = state.stream
        if found.threads != torch.get_num_threads():
            log.warning(
                "the checkpoint was written with %d threads, this run has %d: it goes on, but "
                "not bit for bit",
                found.threads,
                torch.get_num_threads(),
            )
    state.sittings += 1
