"""What is due between the steps of a training: figures, checks, grids, checkpoints, and the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ganzoo.build import write_grid
from ganzoo.cards import catalogue
from ganzoo.engine.health import (
    CHECK_EVERY,
    Illness,
    Pulse,
    all_finite,
    check,
    gradient_norm,
)
from ganzoo.engine.out_of_memory import FullMemoryError
from ganzoo.engine.run.checkpoint import Setting, checkpoint_folders, is_well, save_in_time
from ganzoo.engine.run.export import export, grid, settled_average
from ganzoo.engine.run.film import make_film
from ganzoo.engine.run.metrics import FAKE, REAL, MetricsFile
from ganzoo.engine.run.milestones import passed
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.run.process import Interruption
from ganzoo.engine.run.progress import TrainingDisplay
from ganzoo.engine.run.tracking import Trackers
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import JudgedMinibatch, Setup
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.plugins import RunRecord
from ganzoo.specs import ModelConfig

#: Images between the checkpoints that a rollback may go back to, and how many of them stay.
ANCHOR_EVERY, ANCHORS = 50_000, 2


class Recorder:
    """What is due between steps. All ranks look; only the first writes, shows and tells."""

    def __init__(
        self,
        state: TrainingState,
        setup: Setup,
        config: ModelConfig,
        run: RunOptions,
        setting: Setting,
        trackers: Trackers,
    ) -> None:
        self.state, self.setup, self.config, self.run = state, setup, config, run
        self.setting, self.trackers = setting, trackers
        self.writes = setup.ranks.first
        self.per_step = config.recipe.images_per_step
        self.grid_every = run.grid_every or max(self.per_step, config.recipe.images // 20)
        self.anchored = config.recipe.on_collapse == "rollback"
        self.checkpoints = run.folder / "checkpoints"
        self.metrics = MetricsFile(run.folder / "metrics.jsonl")
        self.display = TrainingDisplay(
            run.folder.name, config.recipe.images, quiet=run.quiet or not self.writes
        )
        self._clock = self._saved = time.monotonic()
        self._saved_at = (-1, -1)

    def begin(self) -> None:
        """Say that the training starts or goes on."""
        images = self.state.images
        self.display.goes_on_from(images)
        if not self.writes:
            return
        if summary := self.setup.data.summary:
            self.display.say(summary)
        self.metrics.cut(images)
        self.tell("ganzoo_training_started")
        self.trackers.start(self.record())
        if images:
            self.display.say(f"going on from {images:,} images")
        elif self.anchored:
            self.save()

    def look(self, last: list[JudgedMinibatch]) -> Illness | None:
        """Do what is due after a step; an illness that was just found is returned on all ranks."""
        images, per_step = self.state.images, self.per_step
        self.state.meter.step_ended()
        due = passed(CHECK_EVERY, images, per_step) or images == per_step  # for what is usual
        illness = self.examine(last[0]) if due else None
        if passed(self.run.log_every, images, per_step):
            self.write_figures()
        if illness and self.config.recipe.on_collapse != "warn":
            return illness  # a checkpoint of now would hold it as told, and it is to be acted on
        if self.writes:
            self.display.advance(images)
            if passed(self.grid_every, images, per_step):
                self.draw_grid()
            if self.checkpoint_is_due(images):
                self.save()
        return illness

    def checkpoint_is_due(self, images: int) -> bool:
        """By the clock, and at the images that were asked for."""
        return time.monotonic() - self._saved > self.run.checkpoint_seconds or (
            self.is_kept(images) or self.is_anchor(images)
        )

    def examine(self, played: JudgedMinibatch) -> Illness | None:
        """Take the pulse of the step that ended; what rank 0 finds holds for all."""
        figures, illness = check(self.state.vitals, self.pulse(played))
        for name, value in figures.items():
            self.state.meter.note(name, value)
        self.display.figures_are(figures)
        if self.setup.ranks.greatest(int(self.writes and illness is not None)):
            return illness or Illness("elsewhere", "rank 0 finds the training ill", "it says why")
        return None

    def pulse(self, played: JudgedMinibatch) -> Pulse:
        """One turn as a check sees it."""
        newest = self.state.meter.newest
        scores = (newest[REAL], newest[FAKE]) if REAL in newest and FAKE in newest else None
        players = (self.state.generator, self.state.discriminator)
        return Pulse(
            real=played.real,
            fake=played.fakes,
            scores=scores,
            gradient=gradient_norm(self.state.generator.parameters()),
            terms={
                name: float(values.float().mean())
                for name, values in newest.items()
                if name.partition(".")[0] in ("generator", "discriminator")
            },
            finite_weights=all_finite(w for player in players for w in player.parameters()),
        )

    def finish(self, asked: Interruption) -> Outcome:
        """Save, and export where all images are done."""
        images, recipe = self.state.images, self.config.recipe
        done = images >= recipe.images
        kind, code = ("finished", 0) if done else ("interrupted", asked.exit_code)
        if not self.writes:
            return Outcome(kind, images, None, code)
        self.save()
        folder = None
        if done:
            self.refuse_ruins()
            folder = export(
                self.state, self.setup, self.config, self.run, data_hash=self.setting.data
            )
            self.make_film()
        self.end(kind)
        return Outcome(kind, images, folder, code)

    def make_film(self) -> None:
        """Join the grids; the model is exported already, and is worth more than its film."""
        try:
            film = make_film(self.run.folder / "samples")
        except OSError as error:
            self.display.say(f"no film of the samples was made: {one_line(error)}")
            return
        self.trackers.sample(self.state.images, [film] if film else [])

    def refuse_ruins(self) -> None:
        """A model whose weights are no numbers is not exported."""
        if not all_finite(self.state.average.module.parameters()):
            raise TrainingError(
                f"all {self.state.images:,} images are done, but the weights are not finite "
                "numbers, so nothing is exported; begin a new run with lower learning rates, or "
                "with --set on_collapse=rollback"
            )

    def write_figures(self) -> None:
        """Log the means since the last row, over all ranks."""
        self.note_augmentations()
        figures = self.setup.ranks.means(self.state.meter.read())
        if not self.writes:
            return
        self.display.figures_are(figures)
        row = {"images": self.state.images, "step": self.state.step, **figures}
        self.metrics.append(row)
        self.tell("ganzoo_metrics_logged", metrics=row)
        self.trackers.log(self.state.images, figures)
        for callback in self.run.callbacks:
            callback(self.record(), row)

    def note_augmentations(self) -> None:
        """Take in what augmentations show of themselves, under its path in the recipe."""
        for name, augmentation in zip(
            self.state.augmentation_names, self.state.augmentations, strict=True
        ):
            shown: Mapping[str, float] = augmentation.figures()  # type: ignore[operator]
            for figure, value in shown.items():
                path = f"augmentation.{name.rpartition('/')[2]}.{figure}"
                self.state.meter.note(path, float(value))

    def draw_grid(self) -> None:
        """Write the average's samples of fixed latents."""
        network = settled_average(self.state, self.setup)
        drawn = grid(network, self.setup, self.config.kind)
        stem = self.run.folder / "samples" / f"{self.state.images:012d}"
        stem.parent.mkdir(exist_ok=True)
        self.trackers.sample(self.state.images, write_grid(self.config.kind, drawn, stem))

    @contextmanager
    def told_of_failure(self) -> Iterator[None]:
        """Tell the listeners of a training that fails, and say where it did in one line."""
        try:
            yield
        except BaseException as error:
            self.end("failed")
            if isinstance(error, FullMemoryError):
                raise TrainingError(f"{error}; {self.what_stands()}") from None
            if isinstance(error, GanzooError) or not isinstance(error, Exception):
                raise
            raise TrainingError(
                f"the training failed at {self.state.images:,} images: {one_line(error)}; "
                f"{self.what_stands()}, --debug shows where"
            ) from error

    def what_stands(self) -> str:
        """From where the same command would go on."""
        for path in checkpoint_folders(self.checkpoints)[:1]:
            return f"the checkpoint at {int(path.name):,} images stands"
        return "there was no checkpoint yet"

    def save(self) -> None:
        """Write a checkpoint, where this state has none yet."""
        place = (self.state.images, self.state.stream)
        if self._saved_at == place:
            return
        now = time.monotonic()
        self.state.seconds += now - self._clock
        self._clock = now
        try:
            self.metrics.keep()
            folder = save_in_time(
                self.state, self.checkpoints, self.setting, self.protected, self.run.keep
            )
        except OSError as error:
            raise TrainingError(
                f"no checkpoint can be written into {self.checkpoints} at "
                f"{self.state.images:,} images: {error.strerror or error}; {self.what_stands()}: "
                "make room, and give the same command again"
            ) from error
        self._saved_at, self._saved = place, time.monotonic()
        self.tell("ganzoo_checkpoint_saved", folder=folder)

    def protected(self) -> set[int]:
        """Image counts of the checkpoints that stay beside the last ones.

        Those that were asked for, the newest that was well, and the last that a rollback needs.
        """
        counts = [int(path.name) for path in checkpoint_folders(self.checkpoints)]
        well = [int(path.name) for path in self.well_checkpoints()]
        anchors = [count for count in well if self.is_anchor(count)]
        return {c for c in counts if self.is_kept(c)} | {*well[:1]} | {*anchors[:ANCHORS]}

    def well_checkpoints(self) -> list[Path]:
        """Checkpoints at which the training was well, the newest first."""
        return [path for path in checkpoint_folders(self.checkpoints) if is_well(path)]

    def is_kept(self, images: int) -> bool:
        """Whether a checkpoint here was asked for, to be kept for good."""
        every = self.run.keep_every
        return every is not None and passed(every, images, self.per_step)

    def is_anchor(self, images: int) -> bool:
        """Whether a rollback may go back to here."""
        return self.anchored and passed(ANCHOR_EVERY, images, self.per_step)

    def record(self) -> RunRecord:
        """The training as its listeners see it."""
        return RunRecord(self.run.folder, self.config.recipe, self.state.images)

    def end(self, outcome: str) -> None:
        """Say how it ended."""
        if self.writes:
            self.tell("ganzoo_training_ended", outcome=outcome)
            self.trackers.end(outcome)

    def tell(self, event: str, **values: object) -> None:
        """Tell the plugins' listeners."""
        catalogue().manager.notify(event, run=self.record(), **values)
