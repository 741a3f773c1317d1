"""Whether a CPU's memory holds a batch of large networks, judged before the batch is tried.

A GPU reports that its memory is full. A CPU's system ends the process instead, often after minutes
in which the machine hardly answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ganzoo.engine.dry_call import held_bytes
from ganzoo.engine.micro_batches import shares_of
from ganzoo.engine.out_of_memory import FullMemoryError
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.hardware import free_memory

#: Parameters of both players below which no batch was seen to fill a memory.
LARGE = 10_000_000
#: Rows of the trial: two, since batch norm takes its statistics over several.
ROWS = 2


def check_cpu_memory(state: TrainingState, setup: Setup) -> None:
    """Refuse a batch of large networks that needs more memory than is free.

    What a turn holds is measured with two images, and grows with their number.
    """
    rows = setup.recipe.batch // setup.shares[0].count
    free = free_memory()
    if setup.device.type != "cpu" or free is None or not is_large(state) or rows % ROWS:
        return
    needed = held_bytes(state, with_rows(setup, ROWS)) / ROWS
    if needed * rows <= free:
        return
    fitting = next((some for some in halvings(rows) if needed * some <= free), None)
    advice = (
        f"--micro-batch {fitting} would fit"
        if fitting
        else "not even two images at once would fit; take smaller networks or another device"
    )
    raise FullMemoryError(
        f"{rows} images at once need about {needed * rows / 1e9:,.1f} GB of memory, and "
        f"{free / 1e9:,.1f} GB are free; {advice}"
    )


def is_large(state: TrainingState) -> bool:
    """Whether the players are so large that a batch may fill the memory."""
    networks = (state.generator, state.discriminator)
    return sum(p.numel() for network in networks for p in network.parameters()) >= LARGE


def halvings(rows: int) -> Iterator[int]:
    """Half of the rows, a quarter and so on, down to two at least."""
    while rows % 2 == 0 and rows > ROWS:
        rows //= 2
        yield rows


def with_rows(setup: Setup, rows: int) -> Setup:
    """The setup with shares of this many rows."""
    ranks = setup.ranks
    return replace(setup, shares=shares_of(setup.recipe.batch, ranks.rank, ranks.size, rows))
