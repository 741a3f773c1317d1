"""How a training runs and how it ended: what does not change the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ganzoo.engine.ranks import Ranks
from ganzoo.interfaces import Dataset, Generator
from ganzoo.plugins.hookspecs import RunRecord
from ganzoo.sampling import Labeller

#: Takes the run and a row of metrics.jsonl, on rank 0 at every `log_every` images.
Callback: TypeAlias = Callable[[RunRecord, Mapping[str, float]], object]

#: Takes the average, ready for sampling, and what draws its labels; returns figures by name.
Measure: TypeAlias = Callable[[Generator, Labeller], Mapping[str, float]]

#: Grids of samples in a run, and the images between them at least.
MOST_GRIDS, IMAGES_PER_GRID = 20, 1_000


@dataclass(frozen=True)
class RunOptions:
    """Where and how a training runs.

    `log_every`, `grid_every` and `keep_every` are in images; `grid_every=None` draws
    `grids_of` a run. The last `keep` checkpoints stay, and one at every `keep_every` images. A
    rank plays at most `micro_batch` rows at once. On a GPU, `graph` plays turns as CUDA graphs
    where nothing forbids it. A callback that raises ends the training. At every `eval_every` images
    `measure` measures `eval_samples` samples of the average, in features of `eval_extractor` or of
    the data's own extractor, and a row of metrics.jsonl is written then. `opened` is the recipe's
    data set, if it is open already.
    """

    folder: Path
    device: str = "cpu"
    log_every: int = 5_000
    grid_every: int | None = None
    checkpoint_seconds: float = 120.0
    keep: int = 2
    keep_every: int | None = None
    eval_every: int | None = None
    eval_samples: int = 2_000
    eval_extractor: str | None = None
    measure: Measure | None = None
    micro_batch: int | None = None
    compile: bool = False
    graph: bool = True
    trackers: tuple[str, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    quiet: bool = False
    command: str = ""
    ranks: Ranks = Ranks()  # noqa: RUF009 - it holds nothing
    opened: Dataset | None = None


@dataclass(frozen=True)
class Outcome:
    """How a training ended: `finished`, `interrupted` or `already finished`; a failure raises."""

    kind: str
    images: int
    export: Path | None
    exit_code: int = 0


def grids_of(images: int) -> int:
    """How many grids a run draws unless it is told: one every 1,000 images, 20 at most."""
    return min(MOST_GRIDS, max(1, images // IMAGES_PER_GRID))


def passed(every: int, images: int, per_step: int) -> bool:
    """Whether the step that ended at `images`, of `per_step` images, passed a multiple of `every`.

    It depends on the image counts alone, so a resumed run answers like one never stopped.
    """
    return images // every > (images - per_step) // every
