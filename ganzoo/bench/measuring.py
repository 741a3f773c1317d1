"""Finding a protocol's measure by name, the core's or a plugin's, and measuring with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from torch import Tensor

from ganzoo.bench.columns import Column, Measure
from ganzoo.bench.measures import MEASURES, opened
from ganzoo.bench.real_data import both_splits, key_of
from ganzoo.build import offer_of, offers_of, taken_arguments
from ganzoo.errors import ConfigError, MetricError, UnknownNameError, did_you_mean
from ganzoo.extractors import extractors_of
from ganzoo.interfaces import Extractor, Figure
from ganzoo.measure.evaluate import SAMPLES
from ganzoo.measure.plugin_figures import PluginFigures, Splits, applies, figure_of, value_of
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import TensorSource
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part
from ganzoo.zoo import Model

#: The most real samples on which a plugin's figure is tried before anything is trained.
TRIED = 500


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
