"""Full GPU memory: one line of error, with the micro-batch that would fit.

The answer is found by trying both turns on copies of the networks, penalties included, with half as
many rows each time.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from ganzoo.engine.dry_call import dry_call
from ganzoo.engine.micro_batches import shares_of
from ganzoo.engine.optimizers import forget_gradients
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError


class FullMemoryError(TrainingError):
    """The device's memory is full."""


@contextmanager
def explaining_full_memory(state: TrainingState, setup: Setup) -> Iterator[None]:
    """Report in one line at how many rows the memory was full, and how many would fit."""
    try:
        yield
    except (torch.OutOfMemoryError, TrainingError) as error:
        if (full := full_memory(error)) is None:
            raise
        line = f"{description(setup)}; {advice(state, setup, full)}"
    else:
        return
    raise FullMemoryError(line)


def full_memory(error: BaseException | None) -> torch.OutOfMemoryError | None:
    """The out-of-memory error that caused another one, if one did."""
    while error is not None and not isinstance(error, torch.OutOfMemoryError):
        error = error.__cause__
    return error


def description(setup: Setup) -> str:
    """Which memory is full, at how many rows, and how much of it is free."""
    rows = setup.recipe.batch // setup.shares[0].count
    text = f"the memory of {setup.device} is full at {rows} images at once"
    if setup.device.type == "cuda":
        free, size = torch.cuda.mem_get_info(setup.device)
        text += f" ({free / 1e9:.1f} of {size / 1e9:.1f} GB are free)"
    return text


def advice(state: TrainingState, setup: Setup, error: BaseException) -> str:
    """What would fit, found by trying after the failed step's memory is freed."""
    forget_step(state, setup, error)
    try:
        fitting = fitting_micro_batch(state, setup)
    except TrainingError:  # parts of a batch are not what these networks take
        return "take a smaller --batch"
    if fitting is None:
        return "not even one image at once would fit; take smaller networks or another device"
    return f"--micro-batch {fitting} would fit"


def forget_step(state: TrainingState, setup: Setup, error: BaseException | None) -> None:
    """Free gradients, recordings, and what the frames of a failed step hold."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        forget_gradients(optimizer)
    if setup.graphs is not None:
        setup.graphs.forget()
    free_memory()


def free_memory() -> None:
    """Return unused memory to the device."""
    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def fitting_micro_batch(state: TrainingState, setup: Setup) -> int | None:
    """The largest halving of a share's rows with which both turns fit; None if none does."""
    ranks = setup.ranks
    rows = setup.recipe.batch // setup.shares[0].count
    first = replace(state, turn=0)  # at which every lazy penalty is due
    while rows > 1 and rows % 2 == 0:
        rows //= 2
        shares = shares_of(setup.recipe.batch, ranks.rank, ranks.size, rows)
        if fits(first, replace(setup, shares=shares, graphs=None)):
            return rows
    return None


def fits(state: TrainingState, setup: Setup) -> bool:
    """Whether both turns fit into memory, tried on copies."""
    try:
        dry_call(state, setup)
    except (torch.OutOfMemoryError, TrainingError) as error:
        full = full_memory(error)
        if full is None:
            raise
        forget_step(state, setup, error)
        return False
    finally:
        free_memory()
    return True
