"""What a protocol can measure, by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.bench.classification import Classification
from ganzoo.bench.columns import Column, Measure, column
from ganzoo.bench.controls import real
from ganzoo.bench.real_data import both_splits, key_of
from ganzoo.errors import MetricError
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Extractor
from ganzoo.measure.counting import MixtureModes, StackedModes, counting_of
from ganzoo.measure.features import Extracted, check_enough, extract
from ganzoo.measure.sample_set import SampleSet
from ganzoo.metrics import Moments, frechet_distance
from ganzoo.specs import Part

#: The most real images that the Fréchet distance compares with.
TEST_IMAGES = 10_000


@dataclass(frozen=True)
class Modes(Measure):
    """Modes of a Gaussian mixture among points [N, 2] (Lin et al. 2018, section 4.1)."""

    n: int = 2_500
    columns: ClassVar[tuple[Column, ...]] = (
        column("modes", ".1f"),
        column("high_quality", ".1%"),
        column("reverse_kl", ".3f"),
        column("spread_ratio", ".2f"),
    )

    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """The counts of modes."""
        counting = counting_of(data)
        if not isinstance(counting, MixtureModes):
            raise MetricError(
                f"modes are counted for Gaussian mixtures (ring, grid), not for {data.name}"
            )
        counts = counting.values(samples.samples)
        return {column.key: counts.get(column.key) for column in self.columns}


@dataclass(frozen=True)
class Stacked(Measure):
    """Modes of Stacked-MNIST among images [N, 3, H, W], by a classifier of one's choice."""

    n: int = 26_000
    extractor: str = "cnn-mnist"
    threshold: float = 0.9

    @property
    def columns(self) -> tuple[Column, ...]:
        """Modes, their divergence, and both counts among confident digits."""
        return (
            column("modes", ".1f"),
            column("kl", ".3f"),
            column("confident_modes", ".1f", f"modes at {self.threshold:.0%}"),
            column("confident_share", ".1%", f"samples at {self.threshold:.0%}"),
        )

    def check(self) -> None:
        """Refuse an extractor that is no classifier."""
        StackedModes(opened(self.extractor, "cpu"))

    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """The counts of modes, by the classifier's digits in each channel."""
        counting = StackedModes(opened(self.extractor, device), self.threshold)
        return counting.values(samples.samples)


@dataclass(frozen=True)
class Frechet(Measure):
    """Fréchet distance to the data set's test images, in features of an extractor."""

    n: int = 10_000
    extractor: str = "cnn-mnist"

    @property
    def columns(self) -> tuple[Column, ...]:
        """FD, with its extractor."""
        return (column("fd", ".3f", f"FD ({self.extractor})"),)

    def check(self) -> None:
        """Refuse fewer samples than features."""
        check_enough(opened(self.extractor, "cpu"), self.n)

    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """FD."""
        moments = extracted(self.extractor, samples.samples, device).moments
        test = test_moments(self.extractor, key_of(data), device)
        return {"fd": frechet_distance(moments, test)}


MEASURES: Mapping[str, type[Classification | Modes | Stacked | Frechet]] = {
    "classification": Classification,
    "frechet": Frechet,
    "modes": Modes,
    "stacked-modes": Stacked,
}


@functools.lru_cache(maxsize=4)
def test_moments(extractor: str, data: str, device: str) -> Moments:
    """Moments of some test images of a data set, by its `key_of`."""
    _, test = both_splits(data)
    images = real(test, min(len(test), TEST_IMAGES), torch.Generator().manual_seed(0))
    return extracted(extractor, images, device).moments


@functools.lru_cache(maxsize=4)
def opened(name: str, device: str) -> Extractor:
    """An extractor by name, as `ganzoo eval` takes it."""
    return open_extractor(name).to(device)


def extracted(name: str, images: Tensor, device: str) -> Extracted:
    """An extractor's view of images, which have the size that it takes."""
    return extract(opened(name, device), torch.split(images, 1_000), "samples")
