"""Whether weights still reach the figures that their card states, and whether a card agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose, nan, sqrt
from statistics import mean

from ganzoo.build import is_here
from ganzoo.errors import GanzooError, MetricError, did_you_mean, one_line
from ganzoo.measure.card_figures import tolerance
from ganzoo.measure.evaluate import SAMPLES, evaluate
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.measurement import INCEPTION, NAMES_ON_INCEPTION, FigureSpec, Measurements
from ganzoo.measure.methods import shipped_method
from ganzoo.measure.plugin_figures import find_figure
from ganzoo.measure.sources import ModelSource, SampleSource
from ganzoo.specs import Check, Metric, ModelConfig, Part

#: What rounding to five digits may add.
ROUNDING = 1e-4
#: How much further the mean over several sampling seeds may lie from the value of one of them: this
#: share of it at SAMPLES samples, in proportion to one over the root of their number.
OTHER_SEEDS = 0.1


@dataclass(frozen=True)
class Verdict:
    """A figure measured again: what the card claims, what was measured, and the tolerance.

    `unavailable` is the reason where it cannot be measured on this machine.
    """

    key: str
    name: str
    n: int
    claimed: float
    measured: float
    tolerance: float
    unavailable: str = ""

    @property
    def holds(self) -> bool:
        """Whether the measured value is the claimed one."""
        return abs(self.measured - self.claimed) <= self.tolerance


def recheck(check: Check, source: SampleSource) -> list[Verdict]:
    """Measure again what a check claims, from the package's statistics of real samples.

    A figure that cannot be computed any more does not hold. Raises `MetricError` where the check
    itself is wrong.
    """
    figures = {key: _figure_or_reason(key, check) for key in check.values}
    here = {key: one for key, one in figures.items() if isinstance(one, FigureSpec)}
    for key, figure in here.items():
        needed = tolerance(figure, check.values[key])
        if check.tolerance[key] > needed * (1 + ROUNDING):
            raise MetricError(
                f"the card's check of {key} tolerates {check.tolerance[key]:g}, and "
                f"{needed:g} is what another machine needs"
            )
    measured: Measurements = {}
    if here:
        method = shipped_method(
            check.extractor, _data_of(check), plugins=any(one.plugin for one in here.values())
        )
        measured = evaluate(source, method, n=check.n, seeds=(check.seed,)).figures
    return [
        Verdict(
            key,
            figure.name(check.extractor) if isinstance(figure, FigureSpec) else key,
            check.n,
            check.values[key],
            measured[key].value if key in measured else nan,
            check.tolerance[key],
            "" if isinstance(figure, FigureSpec) else figure,
        )
        for key, figure in figures.items()
    ]


def _data_of(check: Check) -> Part:
    return Part(check.data, check.arguments)


def _figure_or_reason(key: str, check: Check) -> FigureSpec | str:
    """The figure of a key, or why a plugin's figure cannot be measured on this machine."""
    if key in BY_KEY:
        return BY_KEY[key]
    if "/" not in key:
        raise MetricError(f"the card checks {key!r}, no figure; {did_you_mean(key, BY_KEY)}")
    try:
        figure = find_figure(key)
    except GanzooError as error:
        return one_line(error)
    return figure if is_here(_data_of(check)) else f"it needs {check.data}, which is not here"


def contradictions(config: ModelConfig) -> Iterator[str]:
    """Where the figures for people and the checks for programs disagree."""
    for metric in config.metrics:
        if metric.values and not isclose(metric.value, mean(metric.values), rel_tol=1e-3):
            yield (
                f"{metric.name} is {metric.value:g}, and the mean of its training seeds "
                f"{mean(metric.values):.5g}"
            )
        shipped = metric.value if metric.shipped is None else metric.shipped
        if metric.values and shipped not in metric.values:
            yield f"{metric.name} of these weights is {shipped:g}, and no training seed's"
        for check, key in _checks_of(metric, config):
            checked = check.values[key]
            share = OTHER_SEEDS * sqrt(SAMPLES / check.n)
            more = max(share * abs(checked), _farthest(metric))
            if abs(shipped - checked) > check.tolerance[key] + more:
                yield (
                    f"{metric.name} of these weights is {shipped:g}, and {checked:g} in the checks"
                )


def _farthest(metric: Metric) -> float:
    """How far one of n sampling seeds can lie from their mean: s (n - 1) / sqrt(n).

    0 where the spread is over training seeds, which tells nothing about sampling seeds.
    """
    if metric.values or metric.spread is None or not metric.repeats:
        return 0.0
    return metric.spread * (metric.repeats - 1) / sqrt(metric.repeats)


def unchecked(config: ModelConfig) -> list[str]:
    """The names of the figures that no check covers."""
    return [metric.name for metric in config.metrics if not [*_checks_of(metric, config)]]


def _checks_of(metric: Metric, config: ModelConfig) -> Iterator[tuple[Check, str]]:
    """The checks of a figure at the same number of samples, each with the figure's key there."""
    extractor = extractor_of(metric, config)
    for check in config.checks:
        if (check.extractor, check.n) == (extractor, metric.n):
            yield from ((check, key) for key in check.values if _is_named(key, check, metric))


def _is_named(key: str, check: Check, metric: Metric) -> bool:
    """Whether a check's key means a card's figure; unknown where its plugin is not here."""
    try:
        return find_figure(key).name(check.extractor) == metric.name
    except GanzooError:
        return False


def extractor_of(metric: Metric, config: ModelConfig) -> str | None:
    """The extractor of a card's figure: the one in its name, else the first check's."""
    if metric.name in NAMES_ON_INCEPTION.values():
        return INCEPTION
    if named := re.search(r"\((.+)\)$", metric.name):
        return named[1]
    return config.checks[0].extractor if config.checks else None


def measured_again(metric: Metric, config: ModelConfig, source: ModelSource) -> float:
    """A card's figure, measured by its protocol on another model.

    Raises `MetricError` where its protocol is unknown here.
    """
    name = extractor_of(metric, config) or ""
    method = shipped_method(name, config.recipe.data, str(source.model.device))
    seeds = tuple(range(metric.repeats or 1))
    for one in evaluate(source, method, n=metric.n, seeds=seeds).figures.values():
        if one.figure.name(name) == metric.name:
            return one.value
    raise MetricError(f"{metric.name} of {config.name}: its protocol is not known here")
