"""`--dry-run`: a few real steps that leave nothing behind, to estimate memory and time."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace

import torch

from ganzoo.engine.config import resolve_precision
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.export import count
from ganzoo.engine.run.folder import check_folder, check_space
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.schedule_targets import numbers_on_the_way
from ganzoo.engine.turns import step
from ganzoo.specs import ModelConfig

#: Steps that are not timed, how long the timed ones take, and how many there are if they are slow.
WARM_UP, SECONDS, LEAST_STEPS = 3, 5.0, 4
#: Seconds after which both end with the step that is being played.
PATIENCE = 30.0


@dataclass(frozen=True)
class Estimate:
    """What a training will take, in bytes and, for the whole recipe, in `seconds`.

    `peak_bytes` is the most memory that the process (on a GPU: its tensors) held at once. `moving`
    holds each scheduled number at the start, each quarter and the end of the run.
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
        """The time for the recipe's images at that pace, without grids and checkpoints."""
        return self.config.recipe.images / self.images_per_second


def estimate(config: ModelConfig, run: RunOptions) -> Estimate:
    """Run the checks of a training's start, and time a few steps.

    Writes nothing except what the data set keeps for later (a pack, a download).
    """
    device = torch.device(run.device)
    config = resolve_precision(config, device)
    check_folder(config, run.folder)
    state, setup = prepare(config, device, run.ranks, run.micro_batch, data=run.opened)
    check_space(state, run.folder, run.keep)
    setup = replace(setup, shares=setup.shares[:1])  # one micro-batch tells the pace as well
    part = setup.shares[0].count // run.ranks.size
    began = time.perf_counter()

    def patient() -> bool:
        return time.perf_counter() - began < PATIENCE

    def play() -> None:
        step(state, setup, state.meter.add)
        state.meter.step_ended()

    play()
    for _ in range(WARM_UP - 1):
        if run.ranks.greatest(int(patient())):
            play()
    finish_work(device)
    steps, started = 0, time.perf_counter()
    while run.ranks.greatest(int(not steps or (is_short(steps, started) and patient()))):
        play()
        steps += 1
    finish_work(device)
    elapsed = time.perf_counter() - started
    return Estimate(
        config=replace(config, kind=setup.data.kind, legend=dict(setup.data.legend)),
        parameters={
            "generator": count(state.generator),
            "discriminator": count(state.discriminator),
        },
        checkpoint_bytes=sum(tensor.nbytes for tensor in state.tensors().values()),
        peak_bytes=peak_bytes(device),
        steps=steps,
        images_per_second=steps * config.recipe.images_per_step / part / elapsed,
        moving=dict(numbers_on_the_way(setup.schedules)),
    )


def is_short(steps: int, started: float) -> bool:
    """Whether the steps since a time are too few or too quick to tell the pace."""
    return steps < LEAST_STEPS or time.perf_counter() - started < SECONDS


def finish_work(device: torch.device) -> None:
    """Wait for a GPU to finish."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(device: torch.device) -> int:
    """The most memory held at once: by tensors on a GPU, else by the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    import resource  # not everywhere

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
