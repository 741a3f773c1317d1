"""Measure how many images and seconds a training takes until its digits reach a quality.

    python benchmarks/time_to_quality.py [WHAT ...] [--seconds 600] [--seed 0] [--threads 1]

WHAT is a recipe of ours on MNIST, as `ganzoo train` takes it, or `pytorch-gan` or `tutorial`: the
DCGANs of published_dcgans.py. From time to time, each as many images later again by a fifth, the
Fréchet distance of 5,000 samples to the 10,000 test digits is taken in the features of cnn-mnist.
A quality counts as reached at the first of these points that is below it. The clock shows the
process's time on the CPU, which other processes hardly change, and stands still while samples are
measured. A training ends below the last quality, or when --seconds are over.

Images of another size are resized to 28 pixels, and the test digits to that size and back, so that
resizing costs nobody anything.
"""

from __future__ import annotations

import argparse
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: Ours in batches of 16 without and with the digit told, ours in batches of 64, and the others'.
DEFAULT = [
    str(HERE.parent / "tools" / "zoo_jobs" / "non-saturating-mnist.json"),
    *("dcgan-told-mnist", "dcgan-mnist", "pytorch-gan", "tutorial"),
]
QUALITIES = (5.0, 1.0, 0.5)
SAMPLES, EXTRACTOR = 5_000, "cnn-mnist"
#: Images until the first measurement, and by how much the next one is later.
FIRST, GROWTH = 8_000, 1.2
#: Batches from which the average takes its statistics before it is measured.
CALIBRATION = 16


class Training(ABC):
    """A training that goes on for some images, and draws samples."""

    name: str
    told: bool = False  #: whether it is told the class
    images: int = 0

    @abstractmethod
    def train(self, until: float) -> None:
        """Step until this many images have been seen."""

    @abstractmethod
    def samples(self, n: int) -> Any:
        """Samples [n, 1, H, W] as the training would publish them now."""


class Ours(Training):
    """A recipe in our engine, without what a run does besides: checkpoints, grids, figures."""

    def __init__(self, name: str, seed: int) -> None:
        from dataclasses import replace

        import torch

        from ganzoo.engine.config import resolve
        from ganzoo.engine.labels import labeller_of
        from ganzoo.engine.prepare import prepare

        raw = raw_config(name)
        raw["recipe"] = {**raw["recipe"], "seed": seed}
        self.name = Path(name).stem
        self.state, setup = prepare(resolve(raw, name), torch.device("cpu"))
        self.setup = replace(setup, labeller=labeller_of(setup, self.state.generator))
        self.told = self.state.generator.num_classes is not None

    def train(self, until: float) -> None:
        from ganzoo.engine.train import update_average
        from ganzoo.engine.turns import step

        while self.state.images < until:
            step(self.state, self.setup, self.state.meter.add)
            self.state.meter.step_ended()
            update_average(self.state, self.setup)
        self.images = self.state.images

    def samples(self, n: int) -> Any:
        from ganzoo.engine.run.export import settled_average
        from ganzoo.sampling import samples

        network = settled_average(self.state, self.setup, CALIBRATION)
        return samples(network, n, seed=0, labels=self.setup.labeller.drawn(n, seed=0))


class Published(Training):
    """A DCGAN at its authors' defaults."""

    def __init__(self, name: str, seed: int) -> None:
        import torch
        from published_dcgans import PUBLISHED

        from ganzoo.data.mnist import MNIST

        torch.default_generator.manual_seed(seed)
        self.name, self.game = name, PUBLISHED[name]()
        self.real = self.game.real(MNIST().images)

    def train(self, until: float) -> None:
        while self.images < until:
            self.game.step(next(self.real))
            self.images += self.game.batch

    def samples(self, n: int) -> Any:
        return self.game.samples(n, seed=0)


def raw_config(name: str) -> dict[str, Any]:
    """The config of a model or of a recipe's file, free to change."""
    from ganzoo.cards import catalogue
    from ganzoo.recipes import RESULTS
    from ganzoo.specs import read_json

    given = read_json(Path(name)) if name.endswith(".json") else catalogue().card(name).raw
    return deepcopy({key: value for key, value in given.items() if key not in RESULTS})


class Judge:
    """The Fréchet distance to test digits, of samples of any size."""

    def __init__(self) -> None:
        self.real: dict[int, Any] = {}

    def distance(self, samples: Any) -> float:
        """FD (cnn-mnist)."""
        from ganzoo.metrics import frechet_distance

        return frechet_distance(self.moments(samples), self.test(samples.shape[-1]))

    def test(self, size: int) -> Any:
        """Moments of the test digits, brought to a size and back."""
        import torch

        from ganzoo.data.mnist import MNIST

        if size not in self.real:
            images, _ = MNIST("test", size).batch(torch.arange(10_000))
            self.real[size] = self.moments(images)
        return self.real[size]

    def moments(self, images: Any) -> Any:
        """Moments of the extractor's features of images, brought to its size."""
        from ganzoo.bench.measures import extracted, opened
        from ganzoo.measure.counting import resized

        return extracted(EXTRACTOR, resized(images, opened(EXTRACTOR, "cpu")), "cpu").moments


@dataclass
class Course:
    """What was measured on the way: images, seconds and distance."""

    name: str
    told: bool
    points: list[tuple[int, float, float]] = field(default_factory=list)

    def reached(self, quality: float) -> tuple[int, float] | None:
        """Images and seconds at the first point below a quality."""
        below = ((images, s) for images, s, distance in self.points if distance < quality)
        return next(below, None)

    def row(self) -> str:
        """A line of the table."""
        images, seconds, distance = self.points[-1]
        cells = [self.name, "yes" if self.told else "no", f"{images / seconds:,.0f}"]
        for quality in QUALITIES:
            at = self.reached(quality)
            cells.append("–" if at is None else f"{at[0]:,} in {at[1]:,.0f} s")
        return f"| {' | '.join(cells)} | {distance:.2f} after {images:,} in {seconds:,.0f} s |"


def points(images: float = FIRST) -> Iterator[float]:
    """The numbers of images at which samples are measured."""
    while True:
        yield images
        images *= GROWTH


def course_of(training: Training, judge: Judge, seconds: float) -> Course:
    """Train until the last quality or the end of the time, and measure on the way."""
    course, spent = Course(training.name, training.told), 0.0
    for until in points():
        started = time.process_time()
        training.train(until)
        spent += time.process_time() - started
        distance = judge.distance(training.samples(SAMPLES))
        course.points.append((training.images, spent, distance))
        print(f"{training.name}: {training.images:,} images, {spent:,.0f} s, FD {distance:.3f}",
              file=sys.stderr, flush=True)  # fmt: skip
        if distance < min(QUALITIES) or spent >= seconds:
            return course
    raise AssertionError("points never end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=DEFAULT)
    parser.add_argument("--seconds", type=float, default=600.0, help="on the CPU, for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    sys.path.insert(0, str(HERE))
    from ganzoo.engine.run.process import tune_allocator

    tune_allocator()  # before torch is imported; the published loops profit too
    import torch
    from published_dcgans import PUBLISHED

    torch.set_num_threads(given.threads)
    judge = Judge()
    heads = [f"FD < {quality:g}" for quality in QUALITIES]
    print(f"| recipe | told the class | images/s | {' | '.join(heads)} | ended at |")
    print(f"|---|---|---|{'---|' * len(QUALITIES)}---|", flush=True)
    for what in given.what:
        kind = Published if what in PUBLISHED else Ours
        print(course_of(kind(what, given.seed), judge, given.seconds).row(), flush=True)


if __name__ == "__main__":
    main()
