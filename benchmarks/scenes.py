"""What the scenes of a game in the plane cost, against the steps between them.

    python benchmarks/scenes.py RUN [--repeats 5]

RUN is a run's folder, whose recipe is trained from its beginning, without writing there.

Times are of the process, not of the clock, so that a busy machine changes them little. The share is
that of a long run, with a scene at every `STEPS` steps.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.scenes import STEPS, Scenes
from ganzoo.engine.turns import step
from ganzoo.hardware import hardware
from ganzoo.specs import read_config

#: Steps that are timed at once.
TIMED = 100


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Processor time of one call."""
    started = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - started) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    config = read_config(arguments.run / "config.json")[0]
    state, setup = prepare(config, torch.device("cpu"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "scenes"
        scenes = Scenes(folder, state, setup, 1 << 60, config.recipe.images_per_step)
        scenes.take()
        steps, taken = [], []
        for _ in range(arguments.repeats):
            steps.append(milliseconds(lambda: step(state, setup, lambda name, values: None), TIMED))
            taken.append(milliseconds(scenes.take, TIMED // 10))
        size = statistics.mean(path.stat().st_size for path in folder.iterdir())
    one, scene = statistics.median(steps), statistics.median(taken)
    print(f"{hardware(setup.device)}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(
        f"a step {one:.2f} ms, a scene {scene:.2f} ms and {size / 1000:.1f} kB (medians of "
        f"{arguments.repeats})"
    )
    print(f"a scene every {STEPS} steps costs {scene / (STEPS * one):.2%} of the steps")


if __name__ == "__main__":
    main()
