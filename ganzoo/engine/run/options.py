"""How a training runs, and how it ended: what does not change the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.engine.ranks import Ranks


@dataclass(frozen=True)
class RunOptions:
    """What does not change the result: where and how a training runs.

    Cadences are in images, but for the checkpoints', which are in seconds; grids are drawn at
    every twentieth of the run where `grid_every` is None. The last `keep` checkpoints stay, and
    one at every `keep_every` images. A rank plays at most `micro_batch` rows at once. On a GPU,
    turns are played as CUDA graphs where `graph` is set and nothing forbids it.
    """

    folder: Path
    device: str = "cpu"
    log_every: int = 5_000
    grid_every: int | None = None
    checkpoint_seconds: float = 120.0
    keep: int = 2
    keep_every: int | None = None
    micro_batch: int | None = None
    compile: bool = False
    graph: bool = True
    trackers: tuple[str, ...] = ()
    quiet: bool = False
    command: str = ""
    ranks: Ranks = Ranks()  # noqa: RUF009 - it holds nothing


@dataclass(frozen=True)
class Outcome:
    """How a training ended: `finished`, `interrupted` or `already finished`; an ill end raises."""

    kind: str
    images: int
    export: Path | None
    exit_code: int = 0
