"""Resuming from a checkpoint: after a stop, bit for bit; after a collapse, with other draws."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from ganzoo.engine.config import hash_of
from ganzoo.engine.health import Illness
from ganzoo.engine.run.checkpoint import (
    Checkpoint,
    Setting,
    checkpoint_folders,
    last_good,
    set_aside,
    sweep,
)
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.run.recorder import Recorder
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError
from ganzoo.hardware import hardware
from ganzoo.specs import ModelConfig

#: The most rollbacks of a training; the next problem stops it (DESIGN).
ROLLBACKS = 3

log = logging.getLogger("ganzoo")


def resume(
    state: TrainingState, setup: Setup, config: ModelConfig, folder: Path, setting: Setting
) -> None:
    """Take over the last good checkpoint, if there is one."""
    checkpoints = folder / "checkpoints"
    if setup.ranks.first:
        for place in (folder, checkpoints, folder / "samples", folder / "scenes"):
            sweep(place)
    setup.ranks.wait()
    checkpoint = last_good(checkpoints)
    if checkpoint is None and checkpoint_folders(checkpoints):
        raise TrainingError(
            f"no checkpoint in {checkpoints} is complete; to start from the beginning, give "
            f"another --out or remove {folder}"
        )
    if checkpoint is not None:
        check_setting(checkpoint, setting)
        restore(state, setup, checkpoint)
        if state.images - config.recipe.images >= config.recipe.images_per_step:
            raise TrainingError(
                f"{folder} has seen {state.images:,} images already; images can be raised, not "
                f"lowered to {config.recipe.images:,}"
            )
    if setup.ranks.greatest(state.images) != state.images:
        raise TrainingError(
            f"the processes see different folders under the name {folder}; share one among them"
        )
    if setup.ranks.first:
        set_aside(checkpoints, state.images)
    state.sittings += 1


def restore(state: TrainingState, setup: Setup, checkpoint: Checkpoint) -> None:
    """Take over a checkpoint."""
    state.restore(checkpoint.tensors, checkpoint.plain)
    setup.counters.stream = state.stream


def setting_of(config: ModelConfig, setup: Setup, run: RunOptions) -> Setting:
    """What a resumed training must match to continue bit for bit."""
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


def check_setting(checkpoint: Checkpoint, setting: Setting) -> None:
    """Refuse another recipe or other data; warn of what changes only the bits."""
    then = checkpoint.setting
    if then.recipe != setting.recipe:
        raise TrainingError(f"{checkpoint.folder} belongs to another recipe; give another --out")
    if then.data != setting.data:
        raise TrainingError(
            f"the data set has changed since this run began (its content was {then.data[:12]}, "
            f"it is {setting.data[:12]}); restore the old data, or give another --out"
        )
    for name, (old, new) in then.changes(setting).items():
        log.warning(
            "the checkpoint was written with %s %s, this run has %s: it continues in the same "
            "order of data, but not bit for bit",
            name.replace("_", "-"),
            old,
            new,
        )


def treat(illness: Illness, state: TrainingState, setup: Setup, recorder: Recorder) -> None:
    """Warn, stop or roll back, as the recipe's `on_collapse` asks."""
    action = setup.recipe.on_collapse
    message = f"at {state.images:,} images {illness}"
    if action == "warn":
        recorder.say(f"{message} (--set on_collapse=stop or rollback acts on it)")
    elif action == "rollback" and state.stream < ROLLBACKS:
        recorder.say(message)
        roll_back(state, setup, recorder)
    else:
        tried = f" after {ROLLBACKS} rollbacks" if action == "rollback" else ""
        newest = recorder.checkpoints.newest_in_words()
        raise TrainingError(f"stopped{tried}: {message}; {newest}")


def roll_back(state: TrainingState, setup: Setup, recorder: Recorder) -> None:
    """Return to the last healthy anchor, and continue with other draws."""
    anchor = recorder.checkpoints.last_anchor()
    stream = state.stream + 1
    restore(state, setup, anchor)
    state.stream = setup.counters.stream = stream
    setup.ranks.wait()  # until all have read it
    recorder.rewind()
