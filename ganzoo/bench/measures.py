"""What protocols measure: each a function of samples, with the columns that it gives."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.bench.controls import real
from ganzoo.data.points import GaussianMixture
from ganzoo.errors import ConfigError, MetricError, UnknownNameError, did_you_mean
from ganzoo.evaluation.looking import Seen, check_enough, look
from ganzoo.evaluation.real import splits
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.metrics import Moments, count_modes, frechet_distance, stacked_modes
from ganzoo.parts import build
from ganzoo.specs import Part, write_record

#: Real images that the Fréchet distance is taken to, at the most.
TEST_IMAGES = 10_000


@dataclass(frozen=True)
class Column:
    """A figure in the table: its header, which may name an argument, and its format.

    `better` is an arrow: up, down, or to 1 where both sides of it are worse.
    """

    key: str
    header: str
    form: str
    better: str

    def text(self, value: float) -> str:
        """The value with the digits that mean something."""
        return format(value, self.form)


@dataclass(frozen=True)
class Measure:
    """A measure: `figures(samples [N, *S], data, device, **arguments)` gives a value a column.

    `n` samples are drawn unless the protocol says otherwise; `check(n, **arguments)` refuses what
    could not be measured, before anything is trained. Results of another `version` are measured
    again: raise it where the same samples give other values.
    """

    figures: Callable[..., dict[str, float | None]]
    columns: tuple[Column, ...]
    n: int
    version: int = 1
    check: Callable[..., None] = lambda n: None

    def arguments(self, part: Part) -> dict[str, Any]:
        """All arguments, with the defaults of those that the protocol leaves open."""
        taken = inspect.signature(self.figures).parameters.values()
        open_ = {p.name: p.default for p in taken if p.kind is p.KEYWORD_ONLY}
        known = {"n": self.n, **open_}
        for name in part.arguments:
            if name not in known:
                near = did_you_mean(name, known, otherwise="it takes: {}")
                raise ConfigError(f"measure {part.name} takes no argument {name!r}; {near}")
        found = {**known, **part.arguments}
        if type(found["n"]) is not int or found["n"] < 1:
            raise ConfigError(f"measure {part.name}: n is 1 sample or more, found {found['n']!r}")
        return found


def measure_named(part: Part) -> Measure:
    """The measure of that name; `UnknownNameError` says the nearest."""
    if part.name not in MEASURES:
        near = did_you_mean(part.name, MEASURES)
        raise UnknownNameError(f"there is no measure {part.name!r}; {near}")
    return MEASURES[part.name]


def sample_count(part: Part) -> int:
    """How many samples a measure draws of each model."""
    count: int = measure_named(part).arguments(part)["n"]
    return count


def check_measure(part: Part) -> None:
    """Refuse a measure that no samples could be measured by."""
    measure = measure_named(part)
    measure.check(**measure.arguments(part))


def measured(part: Part, samples: Tensor, data: Part, device: str) -> dict[str, float | None]:
    """The figures of samples [N, *S] beside a data set, by column."""
    measure = measure_named(part)
    arguments = measure.arguments(part)
    arguments.pop("n")
    return measure.figures(samples, data, device, **arguments)


def modes(points: Tensor, data: Part, device: str) -> dict[str, float | None]:
    """Modes of a Gaussian mixture among points [N, 2] (Lin et al. 2018, section 4.1)."""
    mixture = build(Dataset, data)
    if not isinstance(mixture, GaussianMixture):
        raise MetricError(
            f"modes are counted of Gaussian mixtures (ring, grid), not of {data.name}"
        )
    return asdict(count_modes(points, mixture.centres, mixture.sigma))


def check_stacked(n: int, *, extractor: str, threshold: float) -> None:
    """Digits are told by a classifier."""
    if opened(extractor, "cpu").num_classes is None:
        raise MetricError(f"extractor {extractor} knows no classes; digits need a classifier")


def stacked(
    images: Tensor,
    data: Part,
    device: str,
    *,
    extractor: str = "cnn-mnist",
    threshold: float = 0.9,
) -> dict[str, float | None]:
    """Modes of Stacked-MNIST among images [N, 3, H, W] (Lin et al. 2018, section 4.2).

    Digits of another size than the classifier's are resized, as the data set resized them.
    """
    if images.dim() != 4 or images.shape[1] != 3:
        raise MetricError(f"stacked digits are images [N, 3, H, W], found {list(images.shape)}")
    digits = fitted(images.flatten(0, 1).unsqueeze(1), opened(extractor, device))
    logits = seen(extractor, digits, device).logits
    if logits is None:
        raise MetricError(f"extractor {extractor} gave no class scores; digits need a classifier")
    return asdict(stacked_modes(logits.view(len(images), 3, -1), threshold=threshold))


def check_frechet(n: int, *, extractor: str) -> None:
    """A covariance needs more samples than features."""
    check_enough(opened(extractor, "cpu"), n)


def frechet(
    images: Tensor, data: Part, device: str, *, extractor: str = "cnn-mnist"
) -> dict[str, float | None]:
    """Fréchet distance to the data set's test images, on an extractor's features."""
    found = seen(extractor, images, device).moments
    test = test_moments(extractor, json.dumps(write_record(data)), device)
    return {"fd": frechet_distance(found, test)}


@functools.lru_cache(maxsize=4)
def test_moments(extractor: str, data: str, device: str) -> Moments:
    """Moments of some test images, of a data set whose part is given as JSON."""
    _, test = splits(Part(**json.loads(data)))
    images = real(test, min(len(test), TEST_IMAGES), torch.Generator().manual_seed(0))
    return seen(extractor, images, device).moments


@functools.lru_cache(maxsize=4)
def opened(name: str, device: str) -> Extractor:
    """An extractor by name, as `ganzoo eval` takes it."""
    return open_extractor(name).to(device)


def seen(name: str, images: Tensor, device: str) -> Seen:
    """What an extractor sees of images, which have the size that it takes."""
    return look(opened(name, device), torch.split(images, 1_000), "samples")


def fitted(digits: Tensor, extractor: Extractor) -> Tensor:
    """Digits [N, 1, H, W] at the size that an extractor takes."""
    size = None if extractor.sample_shape is None else extractor.sample_shape[-2:]
    if size is None or digits.shape[-2:] == size:
        return digits
    pieces = torch.split(digits, 1_000)
    return torch.cat([interpolate(p, size, mode="bilinear", antialias=True) for p in pieces])


MEASURES: Mapping[str, Measure] = {
    "frechet": Measure(
        frechet, (Column("fd", "FD ({extractor})", ".3f", "↓"),), n=10_000, check=check_frechet
    ),
    "modes": Measure(
        modes,
        (
            Column("modes", "modes", ".1f", "↑"),
            Column("high_quality", "high quality", ".1%", "↑"),
            Column("reverse_kl", "reverse KL", ".3f", "↓"),
            Column("spread_ratio", "spread ratio", ".2f", "→ 1"),
        ),
        n=2_500,
    ),
    "stacked-modes": Measure(
        stacked,
        (
            Column("modes", "modes", ".1f", "↑"),
            Column("kl", "KL", ".3f", "↓"),
            Column("confident_modes", "modes at {threshold:.0%}", ".1f", "↑"),
            Column("confident_share", "samples at {threshold:.0%}", ".1%", "↑"),
        ),
        n=26_000,
        check=check_stacked,
    ),
}
