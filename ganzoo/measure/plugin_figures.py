"""Figures from plugins: their registry, which of them apply, their values and their floors.

A figure that fails is left out with a note; the others are still measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TypeAlias

from torch import Tensor

from ganzoo.build import build, factory_of, is_here, offer_of, offers_of
from ganzoo.data.splits import drawn_once, splits
from ganzoo.errors import GanzooError, MetricError, brief, one_line
from ganzoo.interfaces import Dataset, Extractor, Figure
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.measurement import ARROWS, REAL, FigureSpec, Measurement
from ganzoo.measure.sample_set import NEEDS, SampleSet
from ganzoo.measure.sources import RowSource
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part

#: What a figure reads that comes from an extractor.
FROM_EXTRACTOR = frozenset({"features", "target_features", "logits"})
#: Training and test samples.
Splits: TypeAlias = tuple[Dataset, Dataset]


# Which figures there are


def find_figure(key: str) -> FigureSpec:
    """A figure by its key, the core's or a plugin's; `UnknownNameError` if it is unknown."""
    if key in BY_KEY:
        return BY_KEY[key]
    return figure_of(offer_of(Figure, key))


def figure_of(offer: Offer, **arguments: object) -> FigureSpec:
    """A plugin's figure; `MetricError` where it lacks a part of its description."""
    figure = build(Figure, Part(offer.qualified, arguments))
    if faults := _faults(figure):
        raise MetricError(f"metric {offer.qualified}: {'; '.join(faults)}")
    return FigureSpec(
        offer.qualified,
        figure.title,
        figure.protocol,
        figure.direction,
        best=figure.best,
        digits=figure.digits,
        unit=figure.unit,
        tolerance=figure.tolerance,
        named_after_extractor=bool(figure.needs & FROM_EXTRACTOR),
        plugin=figure,
    )


def all_plugin_figures() -> tuple[list[FigureSpec], list[str]]:
    """The figures of all plugins, and notes on those that cannot be used."""
    figures, notes = [], []
    for offer in offers_of(Figure):
        try:
            figures.append(figure_of(offer))
        except Exception as error:  # the other figures are still measured
            notes.append(left_out(offer.qualified, one_line(error)))
    return figures, notes


def left_out(key: str, reason: str) -> str:
    """The note on a plugin's figure that is missing."""
    return f"metric {key} is left out: {reason.removeprefix(f'metric {key}: ')}"


def _faults(figure: Figure) -> list[str]:
    """What is wrong with a figure's description, each with what to write."""
    faults = []
    for name in ("title", "protocol"):
        text = getattr(figure, name, None)
        if not isinstance(text, str) or not text.strip():
            faults.append(f"{name} is {text!r}; give it a line of text")
        elif name == "title" and set(text) & set("()|\n"):
            faults.append(f"title is {text!r}; leave out brackets, which name extractors, and bars")
        elif name == "protocol" and set(text) & set(";|\n"):
            faults.append(f"protocol is {text!r}; write one line without ';' and '|'")
    direction = getattr(figure, "direction", None)
    if direction not in ARROWS:
        faults.append(f"direction is {direction!r}; it is one of {', '.join(map(repr, ARROWS))}")
    if unknown := sorted(set(figure.needs) - NEEDS.keys()):
        faults.append(f"needs names {unknown[0]!r}; it knows {', '.join(NEEDS)}")
    return faults


# Which figures apply


@dataclass(frozen=True)
class PluginFigures:
    """The plugins' figures that apply to a data set, its splits, and notes on the other figures."""

    figures: tuple[FigureSpec, ...] = ()
    splits: Splits | None = None
    notes: tuple[str, ...] = ()

    def without_extractor(self) -> PluginFigures:
        """Those that need no extractor."""
        kept = [one for one in self.figures if not one.named_after_extractor]
        return replace(self, figures=tuple(kept))

    def real_samples(
        self, figure: FigureSpec, n: int, extractor: Extractor | None = None
    ) -> SampleSet:
        """Up to n real samples in place of a model's, for the floor.

        They are test samples, or training samples where the figure compares with test samples.
        """
        if self.splits is None:
            raise MetricError(f"metric {figure.key}: there are no real samples here")
        train, test = self.splits
        split = train if "real" in figure.needs else test
        rows = drawn_once(split, n)
        source = RowSource(split, rows, "real samples")
        return SampleSet(source, len(rows), 0, extractor, test, train)


def plugin_figures_for(part: Part, *, ask: bool = True) -> PluginFigures:
    """What plugins offer for a data set; nothing where `ask` is off or no plugin is installed.

    Plugins' figures need the data set itself: they are left out where it would have to be fetched.
    """
    if not ask:
        return PluginFigures()
    figures, notes = all_plugin_figures()
    if not figures:
        return PluginFigures(notes=tuple(notes))
    try:
        if not is_here(part):
            raise MetricError(f"{part.name} is not on this machine, and they need it")
        both = splits(part)
    except GanzooError as error:
        keys = ", ".join(one.key for one in figures if _may_apply(one, part))
        if not keys:
            return PluginFigures(notes=tuple(notes))
        note = f"plugins' figures are left out ({keys}): {one_line(error)}"
        return PluginFigures(notes=(*notes, note))
    kept = []
    for figure in figures:
        try:
            if applies(figure, both[1]):
                kept.append(figure)
        except MetricError as error:
            notes.append(left_out(figure.key, str(error)))
    return PluginFigures(tuple(kept), both, tuple(notes))


def applies(figure: FigureSpec, data: Dataset) -> bool:
    """Whether a plugin's figure applies to a data set; `MetricError` where it fails to tell."""
    if figure.plugin is None:
        return True
    try:
        return bool(figure.plugin.applies_to(data))
    except Exception as error:
        raise MetricError(f"metric {figure.key}: applies_to fails: {one_line(error)}") from error


def _may_apply(figure: FigureSpec, part: Part) -> bool:
    """Whether a plugin's figure could apply to a data set that is not here.

    It is asked about an object of the class whose rows were never read; one that asks for these
    gives no answer.
    """
    try:
        factory = factory_of(Dataset, part)
        if figure.plugin is None or not isinstance(factory, type):
            return True
        unread: Dataset = object.__new__(factory)
        return bool(figure.plugin.applies_to(unread))
    except Exception:  # it reads what only an open data set has, or there is no such data set
        return True


# Their values


class PluginMeasuring:
    """Measures plugins' figures, one sampling seed at a time; a figure that fails is left out."""

    def __init__(self, offered: PluginFigures) -> None:
        self.offered, self.notes = offered, [*offered.notes]
        self._values: dict[str, tuple[float, ...]] = {one.key: () for one in offered.figures}
        self._real: dict[bool, SampleSet] = {}

    def add(self, samples: SampleSet) -> None:
        """Measure the samples of one more sampling seed."""
        if self.offered.splits is not None:
            training, real = self.offered.splits
            samples = replace(samples, real=real, training=training)
        for figure in self._remaining():
            try:
                self._values[figure.key] += (value_of(figure, samples),)
            except MetricError as error:
                self._leave_out(figure, error)

    def measurements(self, n: int, extractor: Extractor | None = None) -> dict[str, Measurement]:
        """Each figure's values and its floor, which is the value of n real samples.

        A figure that needs what real samples lack, such as a model, has no floor.
        """
        measured = {}
        for figure in self._remaining():
            try:
                floor = self._floor(figure, n, extractor)
                measured[figure.key] = Measurement(figure, self._values[figure.key], floor)
            except MetricError as error:
                self._leave_out(figure, error)
        return measured

    def _floor(self, figure: FigureSpec, n: int, extractor: Extractor | None) -> dict[str, float]:
        against_real = "real" in figure.needs
        if against_real not in self._real:  # shown to the extractor once for all figures
            self._real[against_real] = self.offered.real_samples(figure, n, extractor)
        samples = self._real[against_real]
        return {} if samples.lacks(figure.needs) else {REAL: value_of(figure, samples)}

    def _remaining(self) -> list[FigureSpec]:
        return [one for one in self.offered.figures if one.key in self._values]

    def _leave_out(self, figure: FigureSpec, error: MetricError) -> None:
        del self._values[figure.key]
        self.notes.append(left_out(figure.key, str(error)))


def value_of(figure: FigureSpec, samples: SampleSet) -> float:
    """The value of a plugin's figure; `MetricError` names the figure where that is no number."""
    if figure.plugin is None:
        raise MetricError(f"{figure.key} is the core's, and is measured with the others")
    if lacking := samples.lacks(figure.needs):
        what = " and ".join(NEEDS[name] for name in lacking)
        raise MetricError(f"metric {figure.key}: it needs {what}, and there is none here")
    try:
        value = figure.plugin.measure(samples.input_for(figure.needs))
    except GanzooError as error:
        raise MetricError(f"metric {figure.key}: {one_line(error)}") from error
    except Exception as error:
        raise MetricError(f"metric {figure.key}: measure fails: {one_line(error)}") from error
    return _number(figure.key, value)


def _number(key: str, value: object) -> float:
    """A finite number, or a `MetricError` that states what was returned in its place."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        returned = f"a tensor {list(value.shape)}" if isinstance(value, Tensor) else brief(value)
        returned = "None (is a return missing?)" if value is None else returned
        raise MetricError(
            f"metric {key}: measure returned {returned}, and a figure is one finite number"
        )
    if not isfinite(value):
        raise MetricError(f"metric {key}: measure returned {value}, and a figure is finite")
    return float(value)
