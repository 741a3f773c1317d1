"""Which checkpoints of a run are due, which stay, and which a rollback returns to."""

from __future__ import annotations

import time
from pathlib import Path

from ganzoo.engine.run.checkpoint import (
    Checkpoint,
    Setting,
    checkpoint_folders,
    drop_beyond,
    first_good,
    is_well,
    save_in_time,
    write_checkpoint,
)
from ganzoo.engine.run.options import RunOptions, passed
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError
from ganzoo.specs import Recipe

#: Images between the checkpoints that a rollback may return to, and how many of them stay.
ANCHOR_EVERY, ANCHORS = 50_000, 2


class CheckpointKeeper:
    """The checkpoints of one run. Anchors are those that a rollback may return to."""

    def __init__(self, recipe: Recipe, run: RunOptions, setting: Setting) -> None:
        self.folder = run.folder / "checkpoints"
        self.anchored = recipe.on_collapse == "rollback"
        self._run, self.setting = run, setting
        self._per_step = recipe.images_per_step
        self._clock = self._saved = time.monotonic()
        self._saved_at = (-1, -1)

    def is_due(self, images: int) -> bool:
        """Whether the clock, --keep-every or a rollback asks for a checkpoint now."""
        late = time.monotonic() - self._saved > self._run.checkpoint_seconds
        return late or self._is_kept(images) or self._is_anchor(images)

    def save(self, state: TrainingState) -> Path | None:
        """Write a checkpoint; None where this state has one already."""
        place = (state.images, state.stream)
        if self._saved_at == place:
            return None
        now = time.monotonic()
        state.seconds += now - self._clock
        self._clock = now
        folder = save_in_time(state, self.folder, self.setting, self.protected, self._run.keep)
        self._saved_at, self._saved = place, time.monotonic()
        return folder

    def last_anchor(self) -> Checkpoint:
        """The newest complete anchor at which the training was healthy."""
        checkpoint = first_good(p for p in self._well() if self._is_anchor(int(p.name)))
        if checkpoint is None:
            raise TrainingError(f"{self.folder} has no healthy checkpoint to return to")
        return checkpoint

    def rewind(self, state: TrainingState) -> None:
        """Drop the checkpoints beyond a restored state, and write its own.

        They go first, so that a kill in between leaves the anchor as the newest.
        """
        drop_beyond(self.folder, state.images)
        write_checkpoint(state, self.folder, self.setting)

    def newest_in_words(self) -> str:
        """Where the same command would resume."""
        for path in checkpoint_folders(self.folder)[:1]:
            return f"the last checkpoint is at {int(path.name):,} images"
        return "there was no checkpoint yet"

    def protected(self) -> set[int]:
        """Image counts of the checkpoints that stay beside the last ones.

        Those of --keep-every, the newest healthy one, and the last anchors.
        """
        counts = [int(path.name) for path in checkpoint_folders(self.folder)]
        well = [int(path.name) for path in self._well()]
        anchors = [count for count in well if self._is_anchor(count)]
        return {c for c in counts if self._is_kept(c)} | {*well[:1]} | {*anchors[:ANCHORS]}

    def _well(self) -> list[Path]:
        """Checkpoints at which the training was healthy, the newest first."""
        return [path for path in checkpoint_folders(self.folder) if is_well(path)]

    def _is_kept(self, images: int) -> bool:
        """Whether --keep-every keeps a checkpoint here permanently."""
        every = self._run.keep_every
        return every is not None and passed(every, images, self._per_step)

    def _is_anchor(self, images: int) -> bool:
        """Whether a rollback may return to here."""
        return self.anchored and passed(ANCHOR_EVERY, images, self._per_step)
