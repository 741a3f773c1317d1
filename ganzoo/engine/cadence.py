"""What is due between the steps of a training: figures, grids, checkpoints, and the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ganzoo.cards import catalogue
from ganzoo.engine.checkpoint import write_checkpoint
from ganzoo.engine.export import GRID, export, grid_labels, settled_average
from ganzoo.engine.journal import Meter, MetricsFile
from ganzoo.engine.prepare import plain
from ganzoo.engine.process import Interruption
from ganzoo.engine.progress import TrainingDisplay
from ganzoo.engine.run import Outcome, RunOptions
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Table
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.parts import write_grid
from ganzoo.plugins import RunRecord
from ganzoo.sampling import samples
from ganzoo.specs import ModelConfig, recipe_hash


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
