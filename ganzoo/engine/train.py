"""The training engine: `train(config, run)` reads like the algorithm."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.ema import lerp_share
from ganzoo.engine.cuda_graphs import Graphs, own_stream
from ganzoo.engine.dry_call import dry_call
from ganzoo.engine.health import Illness
from ganzoo.engine.labels import class_names_of, keep_conditions, labeller_of
from ganzoo.engine.out_of_memory import told_of_full_memory
from ganzoo.engine.prepare import hash_of, prepare, resolve_precision
from ganzoo.engine.run.checkpoint import (
    Checkpoint,
    Setting,
    checkpoint_folders,
    drop_beyond,
    first_good,
    last_good,
    set_aside,
    sweep,
    write_checkpoint,
)
from ganzoo.engine.run.folder import (
    check_folder,
    check_space,
    finished_export,
    held,
    write_recipe,
)
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.run.process import interruptible
from ganzoo.engine.run.recorder import Recorder
from ganzoo.engine.run.tracking import Trackers
from ganzoo.engine.schedules import Moving
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Setup, step
from ganzoo.errors import TrainingError
from ganzoo.hardware import hardware
from ganzoo.specs import ModelConfig, Recipe

#: Rollbacks after which a training that falls ill again is stopped (DESIGN).
ROLLBACKS = 3

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
    check_folder(config, run.folder)
    trackers = Trackers(run.trackers if run.ranks.first else ())
    fresh = not checkpoint_folders(run.folder / "checkpoints")
    state, setup = prepare(config, device, run.ranks, run.micro_batch, fresh=fresh)
    if fresh:
        check_space(state, run.folder, run.keep)
    if run.ranks.first:  # who draws grids and exports
        setup = replace(setup, labeller=labeller_of(setup, state.generator))
    config = replace(
        config,
        kind=setup.data.kind,
        class_shares=setup.labeller.shares,
        class_names=class_names_of(setup.data, state.generator),
    )
    setting = setting_of(config, setup, run)
    tell_of_batch_statistics(state, setup)
    with held(run.folder) if run.ranks.first else nullcontext():
        resume(state, setup, config, run.folder, setting)
        if run.ranks.first:
            write_recipe(config, run.folder)  # last: what was refused leaves all as it was
            keep_conditions(setup, run.folder)
        if run.compile:
            compile_players(state, setup)
        elif run.graph and device.type == "cuda" and len(setup.shares) == 1:
            setup = replace(setup, graphs=Graphs())
        with own_stream(device), told_of_compiling(setup) if run.compile else nullcontext():
            return play(state, setup, Recorder(state, setup, config, run, setting, trackers))


def play(state: TrainingState, setup: Setup, due: Recorder) -> Outcome:
    """The loop: n discriminator turns, a generator turn, the average, and what is due."""
    recipe = setup.recipe
    with (
        interruptible() as asked,
        due.told_of_failure(),
        told_of_full_memory(state, setup),
        due.display,
    ):
        due.begin()
        while state.images < recipe.images and not asked.to_stop(setup.ranks, state.step):
            last = step(state, setup, state.meter.add)
            longest = half_life(state, recipe, setup.schedules)
            state.average.update(lerp_share(recipe.images_per_step, longest))
            if illness := due.look(last):
                treat(illness, due)
        return due.finish(asked)


def half_life(state: TrainingState, recipe: Recipe, schedules: Moving | None = None) -> float:
    """The average's half-life now, in images: it grows with the run until it is the recipe's."""
    numbers = {} if schedules is None else schedules.numbers
    longest = numbers.get("ema.half_life", recipe.ema.half_life)
    ramp_up = numbers.get("ema.ramp_up", recipe.ema.ramp_up)
    return longest if ramp_up is None else min(longest, ramp_up * state.images)


def treat(illness: Illness, due: Recorder) -> None:
    """Warn, stop or roll back, as the recipe says."""
    action, images = due.config.recipe.on_collapse, due.state.images
    told = f"at {images:,} images {illness}"
    if action == "rollback" and due.state.stream < ROLLBACKS:
        due.display.say(told)
        roll_back(due)
    elif action == "warn":
        due.display.say(f"{told} (--set on_collapse=stop or rollback acts on it)")
    else:
        tried = f" after {ROLLBACKS} rollbacks" if action == "rollback" else ""
        raise TrainingError(f"stopped{tried}: {told}; {due.what_stands()}")


def roll_back(due: Recorder) -> None:
    """Go back to the last anchor that was well, and on from there with other draws.

    Later checkpoints go first, so that a kill in between ends at the anchor too.
    """
    state, setup, folder = due.state, due.setup, due.checkpoints
    found = first_good(p for p in due.well_checkpoints() if due.is_anchor(int(p.name)))
    if found is None:
        raise TrainingError(f"{folder} holds no healthy checkpoint to go back to")
    stream = state.stream + 1
    restore(state, setup, found)
    state.stream = setup.counters.stream = stream
    setup.ranks.wait()  # all have read
    if due.writes:
        drop_beyond(folder, state.images)
        write_checkpoint(state, folder, due.setting)
        due.metrics.cut(state.images)
    due.display.goes_on_from(state.images)
    due.display.say(f"back to {state.images:,} images, on with other draws ({stream})")


def resume(
    state: TrainingState, setup: Setup, config: ModelConfig, folder: Path, setting: Setting
) -> None:
    """Take over the last good checkpoint, if there is one."""
    checkpoints = folder / "checkpoints"
    if setup.ranks.first:
        for place in (folder, checkpoints, folder / "samples"):
            sweep(place)
    setup.ranks.wait()
    found = last_good(checkpoints)
    if found is None and checkpoint_folders(checkpoints):
        raise TrainingError(
            f"no checkpoint in {checkpoints} is whole; to begin again from nothing, give another "
            f"--out or remove {folder}"
        )
    if found is not None:
        check_setting(found, setting)
        restore(state, setup, found)
        if state.images - config.recipe.images >= config.recipe.images_per_step:
            raise TrainingError(
                f"{folder} has seen {state.images:,} images already; images can be raised, not "
                f"lowered to {config.recipe.images:,}"
            )
    if setup.ranks.greatest(state.images) != state.images:
        raise TrainingError(f"the processes do not see one folder {folder}; share it among them")
    if setup.ranks.first:
        set_aside(checkpoints, state.images)
    state.sittings += 1


def restore(state: TrainingState, setup: Setup, found: Checkpoint) -> None:
    """Take over a checkpoint."""
    state.restore(found.tensors, found.plain)
    setup.counters.stream = state.stream


def setting_of(config: ModelConfig, setup: Setup, run: RunOptions) -> Setting:
    """What a training that goes on bit for bit must have again."""
    return Setting(
        recipe=hash_of(config),
        data=setup.data.content_hash(),
        processes=setup.ranks.size,
        micro_batch=run.micro_batch or 0,
        threads=torch.get_num_threads(),
        compile=run.compile,
        hardware=hardware(setup.device),
        torch=torch.__version__,
    )


def check_setting(found: Checkpoint, setting: Setting) -> None:
    """Refuse another recipe or other data; tell what changes only the bits."""
    if found.setting.recipe != setting.recipe:
        raise TrainingError(f"{found.folder} belongs to another recipe; give another --out")
    if found.setting.data != setting.data:
        raise TrainingError(
            f"the data set is not the one that this run began with (its content was "
            f"{found.setting.data[:12]}, it is {setting.data[:12]}); bring that back, or give "
            "another --out"
        )
    for name, (then, now) in found.setting.changes(setting).items():
        log.warning(
            "the checkpoint was written with %s %s, this run has %s: it goes on in the same order "
            "of data, but not bit for bit",
            name.replace("_", "-"),
            then,
            now,
        )


def tell_of_batch_statistics(state: TrainingState, setup: Setup) -> None:
    """Say once that batch norm sees the rows of a share, where the batch is shared."""
    modules = [*state.generator.modules(), *state.discriminator.modules()]
    parts = setup.shares[0].count
    if parts > 1 and setup.ranks.first and any(isinstance(m, _BatchNorm) for m in modules):
        log.warning(
            "batch norm takes its statistics over %d images at a time, not over the batch of %d: "
            "results are those of another batch size there",
            setup.recipe.batch // parts,
            setup.recipe.batch,
        )


def compile_players(state: TrainingState, setup: Setup) -> None:
    """Let torch compile the players whose gradients no term differentiates again.

    It cannot do that through what it compiled, fails on some terms and drops others silently; so a
    dry call looks, and what a loss does not say of itself is told.
    """
    twice = dry_call(state, setup)
    apart = "discriminator" in twice or state.loss.double_backward
    if twice and not state.loss.double_backward and setup.ranks.first:
        log.warning(
            "%s differentiates a gradient in the %s's turn, which nothing compiled can do: %s; "
            "double_backward = True in its class says that beforehand",
            setup.recipe.loss.name,
            " and the ".join(sorted(twice)),
            "neither player is compiled"
            if "generator" in twice
            else "the discriminator is not compiled",
        )
    if "generator" not in twice:
        state.generator.compile()
        if not apart:
            state.discriminator.compile()


@contextmanager
def told_of_compiling(setup: Setup) -> Iterator[None]:
    """Say why a training fails whose loss differentiates a gradient, and did not in a dry call."""
    try:
        yield
    except TrainingError as error:
        if not any(words in str(error) for words in ("double backward", "donated buffers")):
            raise
        raise TrainingError(
            f"{setup.recipe.loss.name} differentiates a gradient, which nothing compiled can do; "
            "write double_backward = True in its class, or train without --compile"
        ) from error
