"""A few real steps that leave nothing behind, to say what a training will need."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace

import torch

from ganzoo.engine.prepare import prepare, resolve_precision
from ganzoo.engine.run.export import count
from ganzoo.engine.run.folder import check_folder, check_space
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.schedule_targets import numbers_on_the_way
from ganzoo.engine.turns import step
from ganzoo.specs import ModelConfig

#: Steps that are not timed, and how long the timed ones take.
WARM_UP, SECONDS, LEAST_STEPS = 3, 5.0, 4


@dataclass(frozen=True)
class Rehearsal:
    """What a few steps told: sizes in bytes, `seconds` for the whole recipe.

    `peak_bytes` is the most that the process (on a GPU: its tensors) held at once. `moving` holds
    each number that a schedule moves: at the start, at a quarter, a half and three, and at the end.
    """

    config: ModelConfig
    parameters: dict[str, int]
    checkpoint_bytes: int
    peak_bytes: int
    steps: int
    images_per_second: float
    moving: dict[str, list[float]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long the recipe's images take at that pace, without grids and checkpoints."""
        return self.config.recipe.images / self.images_per_second


def rehearse(config: ModelConfig, run: RunOptions) -> Rehearsal:
    """Check what a training checks before it starts, and play a few steps.

    Nothing is written but what the data set keeps for later (a pack, a download).
    """
    device = torch.device(run.device)
    config = resolve_precision(config, device)
    check_folder(config, run.folder)
    state, setup = prepare(config, device, run.ranks, run.micro_batch)
    check_space(state, run.folder, run.keep)
    for _ in range(WARM_UP):
        step(state, setup, state.meter.add)
        state.meter.step_ended()
    finish_work(device)
    steps, started = 0, time.perf_counter()
    while run.ranks.greatest(int(steps < LEAST_STEPS or time.perf_counter() - started < SECONDS)):
        step(state, setup, state.meter.add)
        state.meter.step_ended()
        steps += 1
    finish_work(device)
    elapsed = time.perf_counter() - started
    return Rehearsal(
        config=replace(config, kind=setup.data.kind),
        parameters={
            "generator": count(state.generator),
            "discriminator": count(state.discriminator),
        },
        checkpoint_bytes=sum(tensor.nbytes for tensor in state.tensors().values()),
        peak_bytes=peak_bytes(device),
        steps=steps,
        images_per_second=steps * config.recipe.images_per_step / elapsed,
        moving=dict(numbers_on_the_way(setup.schedules)),
    )


def finish_work(device: torch.device) -> None:
    """Wait for what a GPU still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(device: torch.device) -> int:
    """The most memory that was held at once: on a GPU the tensors', else the process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource  # not everywhere

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
