"""How a training runs, and how it ended: what does not change the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """What does not change the result: where and how a training runs.

    Cadences are in images, but for the checkpoints', which are in seconds.
    """

    folder: Path
    device: str = "cpu"
    log_every: int = 5_000
    grid_every: int = 50_000
    checkpoint_seconds: float = 120.0
    quiet: bool = False
    command: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a training ended: `finished`, `interrupted` or `already finished`."""

    kind: str
    images: int
    export: Path | None
    exit_code: int = 0
