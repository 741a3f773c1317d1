"""A check that a run which is killed and goes on ends like the one that was never stopped."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import GanzooError, one_line
from ganzoo.specs import DISCRIMINATOR_FILE, GENERATOR_FILE
from ganzoo.testing.failures import line_of, wrong
from ganzoo.testing.numerics import first_difference
from ganzoo.testing.subjects import GameSubject
from ganzoo.weights import read_tensors

#: Steps of the run, and the step after which it is killed: one a lazy penalty is due at, or none.
STEPS, KILLED_AFTER = 5, 2


def check_resumes(subject: GameSubject) -> str:
    """A run killed at a checkpoint ends with the weights, bit by bit, of the one that was not."""
    subject.game.setup()  # skips a game that cannot start
    config = subject.game.config(STEPS)
    with tempfile.TemporaryDirectory() as place, _quiet():
        whole, killed = Path(place) / "whole", Path(place) / "killed"
        quiet = {"quiet": True, "grid_every": 10**9}
        every_step = {**quiet, "checkpoint_seconds": 0.0, "keep": STEPS + 1}
        try:
            train(config, RunOptions(whole, **every_step))  # type: ignore[arg-type]
            images = _killed(whole, killed, KILLED_AFTER * config.recipe.images_per_step)
            train(config, RunOptions(killed, **quiet))  # type: ignore[arg-type]
        except GanzooError as error:
            raise wrong(f"a run of {STEPS} steps fails: {one_line(error)}") from error
        for file in (GENERATOR_FILE, DISCRIMINATOR_FILE):
            there, here = (read_tensors(f / "export" / file) for f in (whole, killed))
            if name := first_difference(there, here):
                loss, _ = subject.game.setup()
                raise wrong(
                    f"a run that was killed at {images} images and went on ends with another "
                    f"{name!r} in {file}: something that changes the result is in no checkpoint; "
                    "look for state outside of buffers (self.count += 1, a global, a cache), and "
                    "for draws that no seed decides",
                    line_of(type(loss.loss), r"self\.\w+\s*[-+*/]?=(?!=)|global ", "discriminator"),
                )
    return f"killed at {images} of {config.recipe.images} images"


def _killed(whole: Path, killed: Path, images: int) -> int:
    """Leave in a folder what a kill after a checkpoint leaves: that one, and no later ones."""
    found = [path for path in checkpoint_folders(whole / "checkpoints") if int(path.name) <= images]
    killed.mkdir()
    shutil.copy(whole / "config.json", killed)
    shutil.copytree(found[0], killed / "checkpoints" / found[0].name)
    return int(found[0].name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what a training logs."""
    log = logging.getLogger("ganzoo")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
