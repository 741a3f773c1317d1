"""What is due between the steps of a training: figures, checks, grids, checkpoints, and the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from ganzoo.cards import catalogue
from ganzoo.engine.diversity import Spread, verdict
from ganzoo.engine.health import (
    CHECK_EVERY,
    Illness,
    Pulse,
    all_finite,
    check,
    gradient_norm,
)
from ganzoo.engine.out_of_memory import FullMemoryError
from ganzoo.engine.run.export import export, grid, settled_average
from ganzoo.engine.run.film import make_film
from ganzoo.engine.run.journal import Journal
from ganzoo.engine.run.keeper import CheckpointKeeper
from ganzoo.engine.run.measuring import Measuring
from ganzoo.engine.run.metrics import FAKE_SCORES, REAL_SCORES, MetricsFile
from ganzoo.engine.run.options import Outcome, RunOptions, grids_of, passed
from ganzoo.engine.run.process import Interruption
from ganzoo.engine.run.progress import TrainingDisplay
from ganzoo.engine.run.scenes import Scenes
from ganzoo.engine.run.tracking import Trackers
from ganzoo.engine.setup import JudgedMinibatch, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.plugins import RunRecord
from ganzoo.specs import ModelConfig
from ganzoo.writers.by_kind import write_grid, write_heard

#: Batches from which a grid's batch statistics are recomputed; an export takes all. More would make
#: grids cost more than a twentieth of a short training.
GRID_BATCHES = 2


class Recorder:
    """Does what is due between steps. All ranks call it; only the first writes, shows and tells."""

    def __init__(
        self,
        state: TrainingState,
        setup: Setup,
        config: ModelConfig,
        run: RunOptions,
        checkpoints: CheckpointKeeper,
        trackers: Trackers,
    ) -> None:
        self._state, self._setup, self._config, self._run = state, setup, config, run
        self.checkpoints, self._trackers = checkpoints, trackers
        self._writes = setup.ranks.first
        self._per_step = config.recipe.images_per_step
        images = config.recipe.images
        self._grid_every = run.grid_every or max(self._per_step, images // grids_of(images))
        self._metrics = MetricsFile(run.folder / "metrics.jsonl")
        self._journal = Journal(run.folder / "journal.jsonl")
        self._scenes = Scenes(run.folder / "scenes", state, setup, self._grid_every, self._per_step)
        self._display = TrainingDisplay(
            run.folder.name, config.recipe.images, quiet=run.quiet or not self._writes
        )
        self._measuring = Measuring(state, setup, run, self.say)

    def say(self, text: str) -> None:
        """Print a line above the progress display."""
        self._display.say(text)

    # --- The start ----------------------------------------------------------------------------

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Show progress; report a failure to the listeners, with its place."""
        try:
            with self._display:
                self._begin()
                yield
        except BaseException as error:
            self._end("failed", one_line(error))
            if isinstance(error, FullMemoryError):
                newest = self.checkpoints.newest_in_words()
                raise TrainingError(f"{error}; {newest}") from None
            if isinstance(error, GanzooError) or not isinstance(error, Exception):
                raise
            raise TrainingError(
                f"the training failed at {self._state.images:,} images: {one_line(error)}; "
                f"{self.checkpoints.newest_in_words()}, --debug shows where"
            ) from error

    def _begin(self) -> None:
        """Announce that the training starts or resumes."""
        images = self._state.images
        self._display.resume_from(images)
        if not self._writes:
            return
        if summary := self._setup.data.summary:
            self.say(summary)
        self._metrics.cut(images)
        self._scenes.cut(images)
        self._journal.begin(images)
        self._tell("ganzoo_training_started")
        self._trackers.start(self._record())
        self.say(self._first_line())
        if images == 0 and self.checkpoints.anchored:
            self._save()
        if images == 0 and self._scenes.is_due(images):
            self._scenes.take()

    def _first_line(self) -> str:
        """What is trained, and where samples of it can be looked at."""
        images, total = self._state.images, self._config.recipe.images
        begins = f"resuming from {images:,} images" if images else f"training on {total:,} images"
        where = f"samples in {self._run.folder / 'samples'}/"
        if self._grid_every <= total:
            return f"{begins}; {where} every {self._grid_every:,} images"
        return begins

    def rewind(self) -> None:
        """Drop what was written beyond the state that a rollback returned to."""
        images = self._state.images
        if self._writes:
            self.checkpoints.rewind(self._state)
            self._metrics.cut(images)
            self._scenes.cut(images)
            self._journal.note("rolled back", images)
            self._journal.restart_clock(images)
        self._display.resume_from(images)
        self.say(f"back to {images:,} images, continuing with other draws ({self._state.stream})")

    # --- After a step -------------------------------------------------------------------------

    def step_ended(self, judged: list[JudgedMinibatch]) -> Illness | None:
        """Do what is due after a step; returns a new illness, on all ranks."""
        images, per_step = self._state.images, self._per_step
        self._state.meter.step_ended()
        first = images == per_step  # to know what is usual
        illness = None
        if first or passed(CHECK_EVERY, images, per_step):
            illness = self._examine(judged[0])
        if self._measuring.is_due(images):
            self._write_figures(self._measuring.figures() if self._writes else {})
        elif passed(self._run.log_every, images, per_step):
            self._write_figures()
        if illness and self._config.recipe.on_collapse != "warn":
            return illness  # a checkpoint would mark it as reported, and it must be acted on
        if self._writes:
            self._display.advance(images)
            if passed(self._grid_every, images, per_step):
                self._draw_grid()
            if self._scenes.is_due(images):
                self._scenes.take()
            if self.checkpoints.is_due(images):
                self._save()
        return illness

    def _examine(self, batch: JudgedMinibatch) -> Illness | None:
        """Check the health of the step that ended; what rank 0 finds holds for all."""
        figures, illness = check(self._state.vitals, self._pulse(batch))
        for name, value in figures.items():
            self._state.meter.note(name, value)
        self._display.update_figures(figures)
        if self._writes and illness is not None:
            self._journal.note("ill", self._state.images, name=illness.name, text=str(illness))
        if self._setup.ranks.greatest(int(self._writes and illness is not None)):
            return illness or Illness(
                "elsewhere", "rank 0 found a problem", "its output has the details"
            )
        return None

    def _pulse(self, batch: JudgedMinibatch) -> Pulse:
        """One turn as a check sees it."""
        newest = self._state.meter.newest
        scored = REAL_SCORES in newest and FAKE_SCORES in newest
        players = (self._state.generator, self._state.discriminator)
        return Pulse(
            real=batch.real,
            fake=batch.fakes,
            scores=(newest[REAL_SCORES], newest[FAKE_SCORES]) if scored else None,
            gradient=gradient_norm(self._state.generator.parameters()),
            terms={
                name: float(values.float().mean())
                for name, values in newest.items()
                if name.partition(".")[0] in ("generator", "discriminator")
            },
            finite_weights=all_finite(w for player in players for w in player.parameters()),
        )

    def _write_figures(self, measured: Mapping[str, float] = MappingProxyType({})) -> None:
        """Log the means since the last row, over all ranks, and what was measured now."""
        state = self._state
        self._note_augmentations()
        figures = {**self._setup.ranks.means(state.meter.read()), **measured}
        if not self._writes:
            return
        self._display.update_figures(figures)
        row = {"images": state.images, "step": state.step, **figures}
        self._metrics.append(row)
        self._journal.row(state.images)
        self._tell("ganzoo_metrics_logged", metrics=row)
        self._trackers.log(state.images, figures)
        for callback in self._run.callbacks:
            callback(self._record(), row)

    def _note_augmentations(self) -> None:
        """Take in the figures that augmentations show, under their paths in the recipe."""
        state = self._state
        for name, module in zip(state.augmentation_names, state.augmentations, strict=True):
            shown: Mapping[str, float] = module.figures()  # type: ignore[operator]
            for figure, value in shown.items():
                path = f"augmentation.{name.rpartition('/')[2]}.{figure}"
                state.meter.note(path, float(value))

    def _draw_grid(self) -> None:
        """Write the average's samples of fixed latents."""
        network = settled_average(self._state, self._setup, GRID_BATCHES)
        drawn = grid(network, self._setup, self._config.kind)
        stem = self._run.folder / "samples" / f"{self._state.images:012d}"
        stem.parent.mkdir(exist_ok=True)
        files = write_grid(self._config.kind, drawn, stem, self._config.legend)
        write_heard(self._config.kind, drawn, stem, self._config.legend)
        self._trackers.sample(self._state.images, files)

    def _save(self) -> None:
        """Write a checkpoint, where this state has none yet, and the rows that go with it."""
        checkpoints = self.checkpoints
        try:
            self._metrics.keep()
            folder = checkpoints.save(self._state)
        except OSError as error:
            raise TrainingError(
                f"no checkpoint can be written into {checkpoints.folder} at "
                f"{self._state.images:,} images: {error.strerror or error}; "
                f"{checkpoints.newest_in_words()}: make room, and give the same command again"
            ) from error
        if folder is not None:
            self._tell("ganzoo_checkpoint_saved", folder=folder)

    # --- The end ------------------------------------------------------------------------------

    def finish(self, interruption: Interruption) -> Outcome:
        """Save, and export where all images are done."""
        images = self._state.images
        done = images >= self._config.recipe.images
        kind, code = ("finished", 0) if done else ("interrupted", interruption.exit_code)
        if self._writes:
            self._save()
        if done and images < min(self._run.log_every, self._run.eval_every or images + 1):
            self._write_figures()  # else so short a run would leave none
        if not self._writes:
            return Outcome(kind, images, None, code)
        if done:
            self._scenes.take_last()
        folder = None
        if done:
            self._check_weights()
            data_hash = self.checkpoints.setting.data
            folder = export(self._state, self._setup, self._config, self._run, data_hash=data_hash)
            self._make_film()
            if not self._state.vitals.told and (said := self._verdict()):
                self.say(said)
        self._end(kind)
        return Outcome(kind, images, folder, code)

    def _check_weights(self) -> None:
        """Refuse to export a model whose weights are not numbers."""
        if not all_finite(self._state.average.module.parameters()):
            raise TrainingError(
                f"all {self._state.images:,} images are done, but the weights are not finite "
                "numbers, so nothing is exported; begin a new run with lower learning rates, or "
                "with --set on_collapse=rollback"
            )

    def _verdict(self) -> str:
        """What is wrong with the samples at the end of a run whose checks reported nothing."""
        network = settled_average(self._state, self._setup, GRID_BATCHES)
        drawn = grid(network, self._setup, "")
        real, _ = self._setup.real_batch(0, self._setup.shares[0])
        return verdict(Spread.of(real.cpu(), drawn.cpu()), self._state.images)

    def _make_film(self) -> None:
        """Join the grids; the model is exported already, and a film that fails must not cost it."""
        try:
            film = make_film(self._run.folder / "samples")
        except OSError as error:
            self.say(f"no film of the samples was made: {one_line(error)}")
            return
        self._trackers.sample(self._state.images, [film] if film else [])

    def _end(self, outcome: str, reason: str = "") -> None:
        """Note how the training ended, and tell listeners and trackers."""
        if self._writes:
            self._journal.note(outcome, self._state.images, **({"text": reason} if reason else {}))
            self._tell("ganzoo_training_ended", outcome=outcome)
            self._trackers.end(outcome)

    def _record(self) -> RunRecord:
        """The training as its listeners see it."""
        return RunRecord(self._run.folder, self._config.recipe, self._state.images)

    def _tell(self, event: str, **values: object) -> None:
        """Tell the plugins' listeners."""
        catalogue().manager.notify(event, run=self._record(), **values)
