"""How a training runs, and how it ended: what does not change the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ganzoo.engine.ranks import Ranks
from ganzoo.plugins.hookspecs import RunRecord

#: Is called on rank 0 with a record of the run and its newest row of figures.
Callback: TypeAlias = Callable[[RunRecord, Mapping[str, float]], object]


@dataclass(frozen=True)
class RunOptions:
    """What does not change the result: where and how a training runs.

    Cadences are in images, but for the checkpoints', which are in seconds; grids are drawn at
    every twentieth of the run where `grid_every` is None. The last `keep` checkpoints stay, and
    one at every `keep_every` images. A rank plays at most `micro_batch` rows at once. On a GPU,
    turns are played as CUDA graphs where `graph` is set and nothing forbids it. `callbacks` are
    called whenever a row of figures is logged; what one of them raises ends the training.
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
    callbacks: tuple[Callback, ...] = ()
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
