"""What a protocol can measure, by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.bench.classification import Classification
from ganzoo.bench.columns import Column, Measure, column
from ganzoo.bench.controls import real
from ganzoo.bench.real_data import both_splits, key_of
from ganzoo.build import build
from ganzoo.data.points import GaussianMixture
from ganzoo.errors import MetricError
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import Extracted, check_enough, extract
from ganzoo.measure.figures import mode_figures
from ganzoo.measure.sample_set import SampleSet
from ganzoo.metrics import Moments, frechet_distance, stacked_modes
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
        mixture = build(Dataset, data)
        if not isinstance(mixture, GaussianMixture):
            raise MetricError(
                f"modes are counted for Gaussian mixtures (ring, grid), not for {data.name}"
            )
        counts = mode_figures(samples.samples, mixture)
        return {column.key: counts.get(column.key) for column in self.columns}


@dataclass(frozen=True)
class StackedModes(Measure):
    """Modes of Stacked-MNIST among images [N, 3, H, W] (Lin et al. 2018, section 4.2).

    A classifier reads the digits, which are resized to its size as the data set resized them.
    """

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
        if opened(self.extractor, "cpu").num_classes is None:
            raise MetricError(
                f"extractor {self.extractor} knows no classes; digits need a classifier"
            )

    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """The counts of modes, by the classifier's digits in each channel."""
        images = samples.samples
        if images.dim() != 4 or images.shape[1] != 3:
            raise MetricError(f"stacked digits are images [N, 3, H, W], found {list(images.shape)}")
        digits = resized(images.flatten(0, 1).unsqueeze(1), opened(self.extractor, device))
        logits = extracted(self.extractor, digits, device).logits
        if logits is None:
            raise MetricError(
                f"extractor {self.extractor} gave no class scores; digits need a classifier"
            )
        return asdict(stacked_modes(logits.view(len(images), 3, -1), threshold=self.threshold))


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


MEASURES: Mapping[str, type[Classification | Modes | StackedModes | Frechet]] = {
    "classification": Classification,
    "frechet": Frechet,
    "modes": Modes,
    "stacked-modes": StackedModes,
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


def resized(digits: Tensor, extractor: Extractor) -> Tensor:
    """Digits [N, 1, H, W] at the size that an extractor takes."""
    size = None if extractor.sample_shape is None else extractor.sample_shape[-2:]
    if size is None or digits.shape[-2:] == size:
        return digits
    pieces = torch.split(digits, 1_000)
    return torch.cat([interpolate(p, size, mode="bilinear", antialias=True) for p in pieces])
