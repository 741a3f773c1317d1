"""TensorBoard: event files in the run's folder, or in one folder for all runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.interfaces import Tracker
from ganzoo.plugins import RunRecord
from ganzoo.specs import write_record
from ganzoo.specs.reading import to_json
from ganzoo.trackers.common import library, picture


class TensorBoard(Tracker):
    """Writes event files; their steps are images seen.

    They are written to `tensorboard/` in the run's folder, or below `folder` under the run's name.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        self._tensorboard = library("torch.utils.tensorboard", "tensorboard")
        self._writer: Any = None

    def start(self, run: RunRecord) -> None:
        """Open an event file, and hide the events of earlier files beyond the checkpoint."""
        self._writer = self._tensorboard.SummaryWriter(
            self._folder_of(run),
            # hides this step and all after it; the checkpoint's own row stays
            purge_step=run.images_seen + 1,
        )
        recipe = to_json(write_record(run.recipe))
        self._writer.add_text("recipe", f"```json\n{recipe}```", run.images_seen)

    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """Write a row as scalars, and flush it, so that a killed run keeps its rows."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, images_seen)
        self._writer.flush()

    def sample(self, images_seen: int, path: Path) -> None:
        """Write a file of samples, if it is a picture."""
        if (image := picture(path)) is not None:
            pixels = np.asarray(image)
            self._writer.add_image("samples", pixels, images_seen, dataformats="HWC")

    def end(self, outcome: str) -> None:
        """Close the event file."""
        self._writer.close()

    def _folder_of(self, run: RunRecord) -> Path:
        if self.folder is None:
            return run.folder / "tensorboard"
        return Path(self.folder).expanduser() / run.folder.resolve().name
