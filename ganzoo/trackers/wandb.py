"""Weights & Biases: a run of a project, online or offline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.interfaces import Tracker
from ganzoo.plugins import RunRecord
from ganzoo.specs import write_record
from ganzoo.trackers.common import known_id, library, picture, remember_id


class WandB(Tracker):
    """Logs to Weights & Biases; its steps are `images` seen.

    `mode` is "online", "offline" or "disabled". By default the library decides: WANDB_PROJECT,
    WANDB_ENTITY, WANDB_MODE, its defaults. Its history only grows: after a resume, figures beyond
    the checkpoint stay beside the new ones.
    """

    def __init__(
        self, project: str | None = None, entity: str | None = None, mode: str | None = None
    ) -> None:
        self.settings = {"project": project, "entity": entity, "mode": mode}
        self._wandb = library("wandb", "wandb")
        self._run: Any = None

    def start(self, run: RunRecord) -> None:
        """Begin a run with the recipe as its config, or continue the one that was begun."""
        file = run.folder / "wandb-run-id"
        self._run = self._wandb.init(
            **self.settings,
            id=known_id(file),
            resume="allow",
            name=run.folder.resolve().name,
            dir=str(run.folder),
            config=write_record(run.recipe),
            allow_val_change=True,  # `images` may be raised
        )
        self._run.define_metric("*", step_metric="images")
        remember_id(file, self._run.id)

    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """Log a row of figures."""
        self._run.log({**values, "images": images_seen})

    def sample(self, images_seen: int, path: Path) -> None:
        """Log a file of samples, if it is a picture."""
        if (image := picture(path)) is not None:
            self._run.log({"samples": self._wandb.Image(image), "images": images_seen})

    def end(self, outcome: str) -> None:
        """Finish the run; an interrupted or failed one is marked as such."""
        self._run.finish(exit_code=0 if outcome == "finished" else 1)
