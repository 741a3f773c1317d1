"""The processes of one training, and everything that they exchange.

Each plays its rows of the global batch. One flat all-reduce a turn makes the moving player's
gradients and everybody's floating buffers the mean over the processes, which keeps lazy penalties
and double backward exact where DistributedDataParallel's hooks would not.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor

from ganzoo.errors import TrainingError, one_line

#: How long a process waits for another: rank 0 may be packing a folder of a million images.
PATIENCE = timedelta(hours=6)

log = logging.getLogger("ganzoo")


class Ranks:
    """A training in one process: averages and maxima are its own values."""

    rank = 0
    size = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor, in place, by its mean over the processes."""

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean of each value over the processes."""
        return dict(values)

    def greatest(self, number: int) -> int:
        """The greatest of the processes' numbers."""
        return number

    def wait(self) -> None:
        """Wait until every process is here."""


class ManyRanks(Ranks):
    """One of several processes that `torchrun` started.

    Tensors go over torch's own group (NCCL between GPUs, gloo else), small facts over gloo.
    """

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._facts = cast(dist.ProcessGroup, dist.new_group(backend="gloo", timeout=PATIENCE))

    def average(self, tensors: Sequence[Tensor]) -> None:
        """One all-reduce of all of them, as one flat tensor."""
        if not tensors:
            return
        flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
        self._reduce(flat)
        flat.div_(self.size)
        pieces = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, piece in zip(tensors, pieces, strict=True):
            tensor.detach().copy_(piece.view_as(tensor))

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """One all-reduce of all values, by the order of their names."""
        names = sorted(values)
        row = torch.tensor([values[name] for name in names], dtype=torch.float64)
        self._reduce(row, facts=True)
        means = dict(zip(names, (row / self.size).tolist(), strict=True))
        return {name: means[name] for name in values}

    def greatest(self, number: int) -> int:
        """One all-reduce of a number."""
        greatest = torch.tensor(number)
        self._reduce(greatest, dist.ReduceOp.MAX, facts=True)
        return int(greatest)

    def wait(self) -> None:
        """A barrier."""
        self.greatest(0)

    def _reduce(self, tensor: Tensor, how: Any = dist.ReduceOp.SUM, *, facts: bool = False) -> None:
        """Replace a tensor, in place, by its sum (or greatest values) over the processes."""
        with explaining_lost_ranks():
            dist.all_reduce(tensor, how, group=self._facts if facts else None)


@contextmanager
def explaining_lost_ranks() -> Iterator[None]:
    """Report in one line that another process has ended."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "another process of this training has ended, so this one ends too; the same command "
            "resumes from the last checkpoint, with any number of processes "
            f"({one_line(error)[:120]})"
        ) from error


def backend_for(device: torch.device) -> str:
    """NCCL where each process has its own GPU; gloo elsewhere."""
    if device.type != "cuda":
        return "gloo"
    here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if here <= gpus:
        return "nccl"
    if os.environ.get("LOCAL_RANK") == "0":
        log.warning(
            "%d processes share %d GPU(s), so they communicate over gloo, which is slow", here, gpus
        )
    return "gloo"


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that `torchrun` started beside this one, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    try:
        dist.init_process_group(backend_for(device))
        ranks = ManyRanks()
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"the processes of this training cannot reach each other: {one_line(error)[:200]}; "
            "start them with torchrun, each with its own GPU where there are GPUs"
        ) from error
    try:
        yield ranks
    finally:
        dist.destroy_process_group()
