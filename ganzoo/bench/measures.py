"""What a protocol measures: each measure gives one or more columns of a table."""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.bench.controls import real
from ganzoo.build import build, offer_of, offers_of, taken_arguments
from ganzoo.data.points import GaussianMixture
from ganzoo.data.splits import splits
from ganzoo.errors import ConfigError, MetricError, UnknownNameError, did_you_mean
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, Extractor, Figure
from ganzoo.measure.evaluate import SAMPLES
from ganzoo.measure.features import Extracted, check_enough, extract
from ganzoo.measure.figures import BY_KEY, mode_figures
from ganzoo.measure.plugin_figures import PluginFigures, Splits, applies, figure_of, value_of
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import TensorSource
from ganzoo.metrics import Moments, frechet_distance, stacked_modes
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part, write_record
from ganzoo.zoo import Model

#: The most real images that the Fréchet distance compares with.
TEST_IMAGES = 10_000
#: The most real samples on which a plugin's figure is tried before anything is trained.
TRIED = 500


@dataclass(frozen=True)
class Column:
    """A figure in a table: its header, its format, and an arrow to where better values lie."""

    key: str
    header: str
    form: str
    better: str

    def text(self, value: float) -> str:
        """The value with its meaningful digits."""
        return format(value, self.form)


def column(key: str, form: str, header: str = "") -> Column:
    """A core figure's column, with a paper's digits."""
    return Column(key, header or BY_KEY[key].title, form, BY_KEY[key].arrow)


class Measure(ABC):
    """Measures a table's rows by `n` samples each; a protocol's arguments are its fields.

    Results of another `version` are measured again: change it where equal samples get other values.
    """

    version: int | str = 1
    n: int

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table."""

    @abstractmethod
    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """A value for each column; None where the figure does not exist."""

    def check(self) -> None:  # noqa: B027 - most need no check
        """Refuse arguments that nothing could be measured by."""

    def try_out(self, data: Part, device: str) -> None:  # noqa: B027 - the core's need no trial
        """Measure real samples, so that no training is spent on a measure that fails."""


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


class PluginMeasure(Measure):
    """A plugin's figure as a measure of one column; a protocol's arguments go to its class."""

    def __init__(self, offer: Offer, arguments: Mapping[str, Any]) -> None:
        given = {"n": SAMPLES, "extractor": None, **arguments}
        self.n, self.extractor, self.key = given.pop("n"), given.pop("extractor"), offer.name
        self.figure = figure_of(offer, **given)
        self.version = f"{self.figure.what}, {self.figure.best}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The figure, with its unit."""
        figure, unit = self.figure, self.figure.unit.strip()
        header = f"{figure.title} ({unit})" if unit else figure.title
        return (Column(self.key, header, f".{figure.digits}f", figure.arrow),)

    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """The figure; None for a control that lacks what it needs, such as labels or a model."""
        _, test = self._splits(data)
        samples = replace(samples, real=test, extractor=self._opened(data, device))
        if isinstance(samples.source, Control) and samples.lacks(self.figure.needs):
            return {self.key: None}
        return {self.key: value_of(self.figure, samples)}

    def try_out(self, data: Part, device: str) -> None:
        """Measure real samples, unless the figure needs what they lack, such as a model."""
        offered = PluginFigures((self.figure,), self._splits(data))
        extractor = self._opened(data, device)
        samples = offered.real_samples(self.figure, min(self.n, TRIED), extractor)
        if not samples.lacks(self.figure.needs):
            value_of(self.figure, samples)

    def _splits(self, data: Part) -> Splits:
        both = both_splits(key_of(data))
        if not applies(self.figure, both[1]):
            raise MetricError(
                f"metric {self.figure.key} is not made for {data.name}; choose another measure"
            )
        return both

    def _opened(self, data: Part, device: str) -> Extractor | None:
        """The extractor that the figure needs: the one asked for, else the data set's."""
        if not self.figure.named_after_extractor:
            return None
        if name := self.extractor or extractors_of(data)[0]:
            return opened(name, device)
        raise MetricError(
            f"metric {self.figure.key} needs an extractor, and {data.name} names none; give the "
            'measure an argument "extractor"'
        )


MEASURES: Mapping[str, type[Modes | StackedModes | Frechet]] = {
    "frechet": Frechet,
    "modes": Modes,
    "stacked-modes": StackedModes,
}


def measure_of(part: Part) -> Measure:
    """The core's measure of a name, or a plugin's figure, with the protocol's arguments."""
    if core := MEASURES.get(part.name):
        _check_arguments(part, [field.name for field in fields(core)])
        return core(**part.arguments)
    names = [offer.name for offer in offers_of(Figure)]
    if "/" not in part.name and part.name not in names:
        near = did_you_mean(part.name, [*MEASURES, *names])
        raise UnknownNameError(f"there is no measure {part.name!r}; {near}")
    offer = offer_of(Figure, part.name)
    taken = taken_arguments(Figure, Part(offer.qualified))
    known = [name for name, parameter in taken.items() if parameter.default is not parameter.empty]
    from_extractor = figure_of(offer).named_after_extractor
    _check_arguments(part, ["n", *known, *(["extractor"] if from_extractor else [])])
    return PluginMeasure(offer, part.arguments)


def _check_arguments(part: Part, known: list[str]) -> None:
    """Refuse arguments that a measure does not take, and a number of samples that is none."""
    for name in part.arguments:
        if name not in known:
            near = did_you_mean(name, known, otherwise="it takes: {}")
            raise ConfigError(f"measure {part.name} takes no argument {name!r}; {near}")
    n = part.arguments.get("n", 1)
    if type(n) is not int or n < 1:
        raise ConfigError(f"measure {part.name}: n is 1 sample or more, found {n!r}")


class Control(TensorSource):
    """Samples that no training made."""


def measured(
    measure: Measure,
    samples: Tensor,
    data: Part,
    device: str,
    *,
    model: Model | None = None,
    seed: int = 0,
) -> Mapping[str, float | None]:
    """The values by column of samples [N, *S] that a model drew under a seed, or of a control."""
    source: TensorSource = Control(samples, "control")
    if model is not None:
        labels = model.labels(len(samples), seed=seed)
        source = TensorSource(samples, model.card.name, labels=labels, model=model)
    return measure.values(SampleSet(source, len(samples), seed), data, device)


@functools.lru_cache(maxsize=2)
def both_splits(data: str) -> Splits:
    """Training and test samples of a data set, by its `key_of`."""
    name, arguments = json.loads(data)
    return splits(Part(name, arguments))


@functools.lru_cache(maxsize=4)
def test_moments(extractor: str, data: str, device: str) -> Moments:
    """Moments of some test images of a data set, by its `key_of`."""
    _, test = both_splits(data)
    images = real(test, min(len(test), TEST_IMAGES), torch.Generator().manual_seed(0))
    return extracted(extractor, images, device).moments


def key_of(data: Part) -> str:
    """A data set as text, which caches can use as a key."""
    return json.dumps([data.name, write_record(data.arguments)], sort_keys=True)


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
