"""The training engine: `train(config, run)` reads like the algorithm."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ganzoo.cards import catalogue
from ganzoo.engine.checkpoint import last_good, sweep, write_checkpoint
from ganzoo.engine.export import GRID, export, grid_labels, settled_average
from ganzoo.engine.journal import Meter, MetricsFile
from ganzoo.engine.prepare import plain, prepare, resolve_precision
from ganzoo.engine.process import Interruption, interruptible
from ganzoo.engine.progress import TrainingDisplay
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Table, discriminator_turn, generator_turn
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.files import write_text
from ganzoo.parts import write_grid
from ganzoo.plugins import RunRecord
from ganzoo.sampling import samples
from ganzoo.specs import ModelConfig, read_config, recipe_hash, write_record
from ganzoo.specs.reading import to_json
from ganzoo.wrappers.ema import lerp_share

log = logging.getLogger("ganzoo")


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


def train(config: ModelConfig, run: RunOptions) -> Outcome:
    """Train from the start, or go on from the last good checkpoint of the folder.

    `config` is resolved (every part qualified, nothing left open). Raises `TrainingError` where
    the folder holds another recipe, and any `GanzooError` of a part that does not fit.
    """
    device = torch.device(run.device)
    config = resolve_precision(config, device)
    if finished := finished_export(config, run.folder):
        return Outcome("already finished", config.recipe.images, finished)
    state, table = prepare(config, device)
    config = replace(config, kind=table.data.kind)
    claim_folder(config, run.folder)
    resume(state, table, config, run.folder)
    return play(state, table, config, run)


def play(state: TrainingState, table: Table, config: ModelConfig, run: RunOptions) -> Outcome:
    """The loop: n discriminator turns, a generator turn, the average, and what is due."""
    recipe = config.recipe
    due = Cadence(state, table, config, run)
    with interruptible() as asked, due.told_of_failure(), due.display:
        while state.images < recipe.images and asked.signal is None:
            for number in range(recipe.discriminator_steps):
                last = number == recipe.discriminator_steps - 1
                keep_graph = last and recipe.reuse_fakes
                fakes, real, labels = discriminator_turn(
                    state, table, due.meter.add, keep_graph=keep_graph
                )
            reused = fakes if recipe.reuse_fakes else None
            generator_turn(state, table, due.meter.add, reused, real, labels)
            state.average.update(lerp_share(per_step(config), half_life(state, config)))
            due.look()
        return due.finish(asked)


def per_step(config: ModelConfig) -> int:
    """Images of one step: n discriminator turns of a batch."""
    return config.recipe.batch * config.recipe.discriminator_steps


def half_life(state: TrainingState, config: ModelConfig) -> float:
    """The average's half-life now, in images: it grows with the run until it is the recipe's."""
    ema = config.recipe.ema
    return ema.half_life if ema.ramp_up is None else min(ema.half_life, ema.ramp_up * state.images)


def finished_export(config: ModelConfig, folder: Path) -> Path | None:
    """The export of a run of this recipe that has all its images, if it lies here."""
    path = folder / "export"
    if not (path / "config.json").is_file():
        return None
    done, _ = read_config(path / "config.json")
    same = recipe_hash(plain(done)) == recipe_hash(plain(config))
    if same and done.recipe.images > config.recipe.images:
        raise TrainingError(
            f"{folder} is finished with {done.recipe.images:,} images; images can be raised, not "
            f"lowered to {config.recipe.images:,}"
        )
    return path if same and done.recipe.images == config.recipe.images else None


def claim_folder(config: ModelConfig, folder: Path) -> None:
    """Write the recipe into the run's folder, or check that it is the one that lies there."""
    path = folder / "config.json"
    if path.is_file():
        there, _ = read_config(path)
        if recipe_hash(plain(there)) != recipe_hash(plain(config)):
            raise TrainingError(
                f"{folder} holds a run of another recipe: {difference(there, config)}; "
                "give another --out, or the recipe that it was started with"
            )
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise TrainingError(f"{folder} is not empty and holds no run; give another --out")
    write_text(path, to_json(write_record(replace(config, files={}, provenance=None))))


def difference(there: ModelConfig, asked: ModelConfig) -> str:
    """The first key in which two recipes differ, with both values."""
    old, new = flatten(plain(there)), flatten(plain(asked))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key) and key != "recipe.images":
            return f"{key} is {old.get(key)!r} there, {new.get(key)!r} was asked for"
    return "they differ"


def flatten(data: object, path: str = "") -> dict[str, object]:
    """Nested mappings as one, keyed by dotted paths."""
    if not isinstance(data, dict):
        return {path: data}
    found: dict[str, object] = {}
    for key, value in data.items():
        found |= flatten(value, f"{path}.{key}" if path else key)
    return found


def resume(state: TrainingState, table: Table, config: ModelConfig, folder: Path) -> None:
    """Take over the last good checkpoint, if there is one."""
    sweep(folder / "checkpoints")
    found = last_good(folder / "checkpoints")
    if found is not None:
        if found.recipe_hash != recipe_hash(plain(config)):
            raise TrainingError(f"{found.folder} is of another recipe; give another --out")
        state.restore(found.tensors, found.plain)
        if state.images - config.recipe.images >= per_step(config):
            raise TrainingError(
                f"{folder} has seen {state.images:,} images already; images can be raised, not "
                f"lowered to {config.recipe.images:,}"
            )
        table.counters.stream = state.stream
        if found.threads != torch.get_num_threads():
            log.warning(
                "the checkpoint was written with %d threads, this run has %d: it goes on, but "
                "not bit for bit",
                found.threads,
                torch.get_num_threads(),
            )
    state.sittings += 1


class Cadence:
    """What is due between steps: figures, grids, checkpoints, and the end."""

    def __init__(
        self, state: TrainingState, table: Table, config: ModelConfig, run: RunOptions
    ) -> None:
        self.state, self.table, self.config, self.run = state, table, config, run
        self.meter = Meter()
        self.metrics = MetricsFile(run.folder / "metrics.jsonl", state.images)
        self.display = TrainingDisplay(
            run.folder.name, config.recipe.images, state.images, quiet=run.quiet
        )
        self.hash = recipe_hash(plain(config))
        self._clock = self._saved = time.monotonic()
        self._saved_images = -1
        self._logged = state.images // run.log_every
        self._drawn = state.images // run.grid_every
        self.tell("ganzoo_training_started")
        if state.images:
            self.display.say(f"going on from {state.images:,} images")

    def look(self) -> None:
        """Do what is due after a step."""
        images = self.state.images
        self.display.advance(images)
        if images // self.run.log_every > self._logged:
            self._logged = images // self.run.log_every
            self.write_figures()
        if images // self.run.grid_every > self._drawn:
            self._drawn = images // self.run.grid_every
            self.draw_grid()
        if time.monotonic() - self._saved > self.run.checkpoint_seconds:
            self.save()

    def finish(self, asked: Interruption) -> Outcome:
        """Save, and export where all images are done."""
        self.save()
        images = self.state.images
        if images < self.config.recipe.images:
            self.tell("ganzoo_training_ended", outcome="interrupted")
            return Outcome("interrupted", images, None, asked.exit_code)
        folder = export(self.state, self.table, self.config, self.run.folder, self.run.command)
        self.tell("ganzoo_training_ended", outcome="finished")
        return Outcome("finished", images, folder)

    def write_figures(self) -> None:
        """Log the means since the last row."""
        figures = self.meter.read()
        self.display.figures_are(figures)
        row = {"images": self.state.images, "step": self.state.step, **figures}
        self.metrics.append(row)
        self.tell("ganzoo_metrics_logged", metrics=row)

    def draw_grid(self) -> None:
        """Write the average's samples of fixed latents."""
        network = settled_average(self.state, self.table)
        drawn = samples(network, GRID, seed=0, labels=grid_labels(network, self.table))
        stem = self.run.folder / "samples" / f"{self.state.images:012d}"
        write_grid(self.config.kind, drawn, stem)

    @contextmanager
    def told_of_failure(self) -> Iterator[None]:
        """Tell the listeners of a training that fails, and say where it did in one line."""
        try:
            yield
        except BaseException as error:
            self.tell("ganzoo_training_ended", outcome="failed")
            if isinstance(error, GanzooError) or not isinstance(error, Exception):
                raise
            raise TrainingError(
                f"the training failed at {self.state.images:,} images: {one_line(error)}; "
                "the last checkpoint stands, --debug shows where"
            ) from error

    def save(self) -> None:
        """Write a checkpoint, where this image count has none yet."""
        if self._saved_images == self.state.images:
            return
        self._saved_images = self.state.images
        now = time.monotonic()
        self.state.seconds += now - self._clock
        self._clock = now
        folder = write_checkpoint(self.state, self.run.folder / "checkpoints", self.hash)
        self._saved = time.monotonic()
        self.tell("ganzoo_checkpoint_saved", folder=folder)

    def tell(self, event: str, **values: object) -> None:
        """Tell the plugins' listeners."""
        record = RunRecord(self.run.folder, self.config.recipe, self.state.images)
        catalogue().manager.notify(event, run=record, **values)
