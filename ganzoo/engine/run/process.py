"""Settings of the process, made by the commands and never on import.

glibc returns big blocks to the system and faults them in again at each step: 72,000 page faults in
a DCGAN's. `tune_allocator` keeps them, so the process stays at its peak memory. cuDNN and cuBLAS
choose the quickest kernels, and round float32 convolutions to 10 bits of mantissa (TF32).
`tune_cuda` asks for kernels that repeat their sums, and for float32.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.engine.ranks import Ranks

#: Steps between agreements of several processes on whether to stop.
AGREE_EVERY = 8
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h
MIB = 1024 * 1024


def tune_allocator() -> bool:
    """Make glibc keep freed memory; returns whether it does. GANZOO_MALLOC=0 turns this off."""
    if platform.system() != "Linux" or os.environ.get("GANZOO_MALLOC") == "0":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 * MIB}
    return all(mallopt(name, value) == 1 for name, value in settings.items())


def tune_cuda() -> bool:
    """Make a GPU repeat its bits and compute float32 in float32; returns whether it does.

    Call it before CUDA starts: cuBLAS reads its workspace's size once. GANZOO_CUDA=0 keeps
    torch's settings.
    """
    if os.environ.get("GANZOO_CUDA") == "0":
        return False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    with warnings.catch_warnings():  # torch 2.9 warns that it has another name for it too
        warnings.filterwarnings("ignore", message=".*TF32")
        torch.backends.cudnn.allow_tf32 = False  # for matrix products it is off by default
    return True


def tune_training(threads: int | None = None) -> None:
    """Tune the allocator and CUDA for a training, and set torch's number of CPU threads."""
    tune_allocator()
    tune_cuda()
    import torch

    if threads:
        torch.set_num_threads(threads)


class Interruption:
    """Whether a signal asked the run to end, and the exit code for it."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def to_stop(self, ranks: Ranks, step: int) -> bool:
        """Whether to stop now; several processes agree on it every AGREE_EVERY steps."""
        if ranks.size == 1:
            return self.signal is not None
        if step % AGREE_EVERY:
            return False
        self.signal = ranks.greatest(self.signal or 0) or None
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Note Ctrl-C and SIGTERM for the end of a step; a second one ends at once."""
    interruption = Interruption()

    def note(number: int, _frame: FrameType | None) -> None:
        interruption.signal = number
        signal.signal(number, before[signal.Signals(number)])

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, note)
    except ValueError:  # not the main thread, which alone handles signals
        yield interruption
        return
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
