"""One recipe under several training seeds, side by side in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from ganzoo.engine.config import resolve_precision
from ganzoo.engine.run.folder import check_folder
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import write_text
from ganzoo.specs import (
    SEEDS_FILE,
    SEEDS_VERSION,
    ModelConfig,
    Seeds,
    read_seeds,
    seed_folder,
    write_record,
)
from ganzoo.specs.reading import to_json


def refuse_seeds(folder: Path) -> None:
    """Refuse to train once in a folder of several training seeds."""
    if (folder / SEEDS_FILE).exists():
        raise UsageError(
            f"{folder} holds a training of several seeds; give --seeds, or another --out"
        )


def train_seeds(
    config: ModelConfig,
    run: RunOptions,
    count: int,
    tell: Callable[[Outcome, Path], None] = lambda outcome, folder: None,
) -> Outcome:
    """Train one recipe under several seeds, one after the other, until one of them stops.

    seeds.json is written first, so that the folder can be recognised. `tell` gets each outcome with
    its folder; the last outcome is returned.
    """
    out, first = run.folder, config.recipe.seed
    seeds = range(first, first + count)
    _check_seeds(config, run, seeds)
    run.ranks.wait()  # until all have checked, before the first one writes
    with _listed(out, seeds, run.command) if run.ranks.first else nullcontext():
        for seed in seeds:
            folder = seed_folder(out, seed)
            outcome = train(_seeded(config, seed), replace(run, folder=folder))
            tell(outcome, folder)
            if outcome.exit_code:
                break
    return outcome


def _seeded(config: ModelConfig, seed: int) -> ModelConfig:
    """The same recipe under another seed."""
    return replace(config, recipe=replace(config.recipe, seed=seed))


def _check_seeds(config: ModelConfig, run: RunOptions, seeds: range) -> None:
    """Refuse a folder that holds something else, or seeds of another recipe."""
    out, known = run.folder, read_seeds(run.folder)
    if (out / "config.json").exists():
        raise UsageError(f"{out} holds a run of one seed; give another --out for several seeds")
    config = resolve_precision(config, torch.device(run.device))
    if known is None:
        check_folder(config, out)
    for seed in sorted({*seeds, *(known.seeds if known else ())}):
        check_folder(_seeded(config, seed), seed_folder(out, seed))


@contextmanager
def _listed(out: Path, seeds: range, command: str) -> Iterator[None]:
    """Write seeds.json; undo that if the first new run is refused."""
    file, known = out / SEEDS_FILE, read_seeds(out)
    old = set(known.seeds if known else ())
    new_folders = [folder for folder in (out, *out.parents) if not folder.exists()]
    record = Seeds(SEEDS_VERSION, tuple(sorted({*seeds, *old})), command)
    write_text(file, to_json(write_record(record)))
    try:
        yield
    except GanzooError:
        if not any(seed_folder(out, seed).exists() for seed in {*seeds} - old):
            if known:
                write_text(file, to_json(write_record(known)))
            else:
                file.unlink()
            for folder in new_folders:
                folder.rmdir()
        raise
