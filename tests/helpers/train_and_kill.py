"""A process that trains a run in children that it kills, and then the same run as a whole.

`train_and_kill.py RECIPE FOLDER KILLS` leaves FOLDER/whole and FOLDER/killed. Children are
forked, so that they need not import torch again; their images are raised far beyond what they come
to. As `full-disk` it trains until the system refuses to write.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

import torch

from ganzoo.cards import Catalogue, using
from ganzoo.engine.run import keeper
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import GanzooError
from ganzoo.plugins import PluginManager
from short_runs import config
from tiny import tiny_plugin

RECIPES = {
    "plain": "non-saturating",
    "wgan-gp": "penalised",
    "lazy": ("non-saturating", {"r1_gamma": 1.0, "penalty_interval": 3}),
    "full-disk": "non-saturating",
}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


#: Images of one step, and steps that no child will come to.
STEP, ENDLESS = 32, 10**6


def run(recipe: str, folder: Path, steps: int, seconds: float) -> int:
    wish = config(RECIPES[recipe], steps=steps, batch=16, discriminator_steps=2)
    options = RunOptions(
        folder, log_every=100, grid_every=4_000, checkpoint_seconds=seconds, quiet=True
    )
    return train(wish, options).exit_code


def killed_at_random(recipe: str, folder: Path, wanted: int) -> None:
    """Fork a child after another and kill each.

    Some die while they start, the others some steps later, each step with its checkpoint: in the
    middle of a turn or of writing, wherever a few random milliseconds lead.
    """
    rng = random.Random(recipe)
    for _ in range(wanted):
        before = newest(folder)
        if (child := os.fork()) == 0:
            os._exit(run(recipe, folder, ENDLESS, 0.0))
        early = rng.random() < 0.2
        while not early and newest(folder) == before:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.02))
        # a Ctrl-C may be lost on a child that still imports: others' bare `except:` swallow it
        os.kill(child, signal.SIGKILL if early else rng.choice(SIGNALS))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) not in (130, 143):
            raise SystemExit(f"a child ended by itself, with {os.WEXITSTATUS(status)}")


def newest(folder: Path) -> int:
    """Images of the newest checkpoint."""
    return max((int(path.name) for path in checkpoint_folders(folder / "checkpoints")), default=0)


def full_disk(folder: Path) -> int:
    """Let no file grow beyond 3 KB after the first checkpoint."""
    written = keeper.save_in_time

    def limited(*given):
        path = written(*given)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        return path

    keeper.save_in_time = limited
    wish = config("non-saturating", steps=400, batch=16)
    options = RunOptions(folder, log_every=10**9, keep_every=640, checkpoint_seconds=1e9)
    try:
        return train(wish, options).exit_code
    except GanzooError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def main(recipe: str, folder: Path, kills: int = 0) -> int:
    torch.set_num_threads(1)
    source = tiny_plugin(ganzoo_losses={"penalised": "two_ranks_script:Penalised"})
    with using(Catalogue(PluginManager([source]))):
        if recipe == "full-disk":
            return full_disk(folder / "killed")
        killed_at_random(recipe, folder / "killed", kills)
        steps = newest(folder / "killed") // STEP + 20
        for name in ("killed", "whole"):
            run(recipe, folder / name, steps, 1e9)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])))
