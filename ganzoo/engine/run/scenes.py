"""The scenes of a run in the plane: when one is taken, and which of them stay."""

from __future__ import annotations

import logging
from pathlib import Path

from ganzoo.engine.run.options import passed
from ganzoo.engine.scene import Stage, in_plane, make_stage, scene_of
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import one_line
from ganzoo.files import written_whole
from ganzoo.weights import tensor_bytes

#: Steps between two scenes unless grids come more often, so that scenes cost under a hundredth of
#: a training (docs/watching.md has the measurement); scenes that stay.
STEPS, MOST = 250, 120
FORMAT = 1

log = logging.getLogger("ganzoo")


class Scenes:
    """Takes scenes of a game in the plane; does nothing where samples are no points of a plane.

    A game moves fastest at its beginning, so the first come after 0, 1, 2, 4, 8 ... steps. When a
    run has more than MOST of the later ones, every second one goes and new ones come half as often.
    Which ones stay depends on the images seen alone, so that a resumed run keeps the same.
    """

    def __init__(
        self, folder: Path, state: TrainingState, setup: Setup, grid_every: int, per_step: int
    ) -> None:
        self.folder = folder
        self._state, self._setup, self._per_step = state, setup, per_step
        self._every = min(grid_every, STEPS * per_step)
        self._works = in_plane(setup) and setup.ranks.first
        self._stage: Stage | None = None

    def is_due(self, images: int) -> bool:
        """Whether the step that ended at `images`, or the start, is to be shown."""
        return self._works and self._is_kept(images, images)

    def take_last(self) -> None:
        """Take the scene at which the run ends, unless it is there already."""
        if self._works and not self._path(self._state.images).exists():
            self.take()

    def take(self) -> None:
        """Write a scene; one that fails is reported, and ends the scenes but not the training."""
        images = self._state.images
        try:
            self._stage = self._stage or make_stage(self._state, self._setup)
            tensors = scene_of(self._state, self._setup, self._stage)
            self.folder.mkdir(exist_ok=True)
            with written_whole(self._path(images), lasting=False) as beside:
                beside.write_bytes(tensor_bytes(tensors, {"format": FORMAT, "images": images}))
            self._thin(images)
        except Exception as error:
            self._works = False
            log.warning("no more scenes of this game are recorded: %s", one_line(error))

    def cut(self, images: int) -> None:
        """Drop the scenes beyond the checkpoint from which the run resumes."""
        for path in self._files():
            if int(path.stem) > images:
                path.unlink()

    def _thin(self, images: int) -> None:
        for path in self._files():
            if int(path.stem) != images and not self._is_kept(int(path.stem), images):
                path.unlink()

    def _is_kept(self, images: int, now: int) -> bool:
        """Whether a scene at `images` is kept in a run that has seen `now`."""
        every = self._every
        while now // every > MOST:
            every *= 2
        steps = images // self._per_step
        opening = steps & (steps - 1) == 0 and steps < STEPS  # 0 and powers of two
        return opening or passed(every, images, self._per_step)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.safetensors") if path.stem.isdigit())

    def _path(self, images: int) -> Path:
        return self.folder / f"{images:012d}.safetensors"
