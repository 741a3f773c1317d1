"""What a card claims of a model, made of reports, and whether its weights still live up to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose, nan, sqrt
from statistics import mean

from ganzoo.errors import GanzooError, MetricError, did_you_mean, one_line
from ganzoo.extractors import open_extractor
from ganzoo.measure.evaluate import SAMPLES, Report, evaluate
from ganzoo.measure.figures import BY_KEY, INCEPTION, NAMES_ON_INCEPTION, Known, known
from ganzoo.measure.real_side import is_here, shipped_or_made
from ganzoo.measure.sample_figures import measure_samples, plan_for
from ganzoo.measure.sources import Source
from ganzoo.measure.spread import Figures, across, common, median_of, over_seeds
from ganzoo.specs import Check, Metric, ModelConfig, Part

#: The figure that cards have of a control.
FIRST = "fd"
#: What rounding to five digits may add.
ROUNDING = 1e-4
#: How far a figure of the same weights and latents may lie on another machine: a share of it, and
#: at least the figure's own tolerance, which is a few samples that change sides.
SHARE = 0.02
#: How far the mean over several sampling seeds may lie, beyond that, from what one of them gives,
#: as a share, at SAMPLES samples; the share goes with one over the root of their number.
OTHER_SEEDS = 0.1


def metrics_of(
    reports: Sequence[Report], command: str, *, shipped: int | None = None
) -> tuple[Metric, ...]:
    """The figures of a card, from a report for each training seed; their protocols are one.

    `shipped` says whose weights the folder holds, the median's unless said.
    """
    first = reports[0]
    for other in reports[1:]:
        if basis(other) != basis(first):
            raise MetricError(
                f"figures of two protocols cannot stand in one row: {first.protocol} and "
                f"{other.protocol}"
            )
    return card_metrics(
        [report.figures for report in reports],
        extractor=first.extractor,
        protocol=first.protocol,
        n=first.n,
        repeats=len(first.seeds),
        command=command,
        shipped=shipped,
    )


def card_metrics(
    rows: Sequence[Mapping[str, Figures]],
    *,
    extractor: str,
    protocol: str,
    n: int,
    repeats: int,
    command: str,
    shipped: int | None = None,
) -> tuple[Metric, ...]:
    """A card's figures, from those of each training seed by key: of the figures that all have."""
    chosen = median_of(rows) if shipped is None else shipped
    return tuple(
        metric_of(
            known(key),
            [row[key] for row in rows],
            name=known(key).name(extractor),
            protocol=protocol,
            n=n,
            repeats=repeats,
            command=command,
            shipped=chosen,
        )
        for key in common(rows)
    )


def basis(report: Report) -> tuple[str, str, str]:
    """What figures must share to stand in one row."""
    return report.protocol, report.extractor_sha256, report.data_hash


def metric_of(
    figure: Known,
    rows: Sequence[Figures],
    *,
    name: str,
    protocol: str,
    n: int,
    repeats: int,
    command: str,
    shipped: int,
) -> Metric:
    """One figure of a card, from what each training seed got; `shipped` is whose weights go out."""
    found = across(rows)
    values = tuple(_rounded(value) for value in found.values)
    several = len(values) > 1
    trained = f"{len(values)} training seeds" if several else "one training seed"
    spread = over_seeds(values).spread if several else found.spread
    return Metric(
        name=name,
        value=_rounded(mean(values)),
        protocol=f"{figure.what}; {protocol}; {trained}",
        n=n,
        command=command,
        spread=None if spread is None else _rounded(spread),
        repeats=repeats or None,
        floor=None if found.floor is None else _rounded(found.floor),
        unit=figure.unit,
        values=values if several else (),
        shipped=values[shipped],
    )


def check_of(report: Report) -> Check:
    """The check that a report of one sampling seed becomes."""
    (seed,) = report.seeds
    return check_from(
        report.figures, extractor=report.extractor, data=report.data, n=report.n, seed=seed
    )


def check_from(
    figures: Mapping[str, Figures], *, extractor: str, data: str, n: int, seed: int
) -> Check:
    """The check that figures of one sampling seed become; `extractor` may be empty."""
    values = {key: _rounded(found.value) for key, found in figures.items()}
    return Check(
        extractor=extractor,
        data=data,
        n=n,
        seed=seed,
        values=values,
        tolerance={key: tolerance(key, value) for key, value in values.items()},
    )


def tolerance(key: str, value: float) -> float:
    """How far the figure of the same weights and latents may lie from this one."""
    return _rounded(max(SHARE * abs(value), known(key).tolerance))


@dataclass(frozen=True)
class Verdict:
    """One figure measured again: what the card claims, what was found, how far it may be off.

    `away` says why it cannot be measured on this machine.
    """

    key: str
    extractor: str
    n: int
    claimed: float
    found: float
    tolerance: float
    away: str = ""

    @property
    def holds(self) -> bool:
        """Whether what was found is what is claimed."""
        return abs(self.found - self.claimed) <= self.tolerance

    @property
    def name(self) -> str:
        """The figure's name, or its key where its plugin is not here."""
        return self.key if self.away else known(self.key).name(self.extractor)


def recheck(check: Check, source: Source) -> list[Verdict]:
    """Measure again what a check claims, from the package's statistics of real samples.

    A figure that is not found here does not hold. `MetricError` where the check itself is none.
    """
    away = {key: _away(key, check) for key in check.values}
    here = {key: value for key, value in check.values.items() if not away[key]}
    for key, value in here.items():
        if check.tolerance[key] > tolerance(key, value) * (1 + ROUNDING):
            raise MetricError(
                f"the card's check of {key} tolerates {check.tolerance[key]:g}, and "
                f"{tolerance(key, value):g} is what another machine needs"
            )
    found = _measured(check, source, plugins=any(_is_plugins(key) for key in here)) if here else {}
    return [
        Verdict(
            key,
            check.extractor,
            check.n,
            value,
            found[key].value if key in found else nan,
            check.tolerance[key],
            away[key],
        )
        for key, value in check.values.items()
    ]


def _is_plugins(key: str) -> bool:
    """Whether a figure's key is a plugin's `distribution/name`."""
    return "/" in key


def _away(key: str, check: Check) -> str:
    """Why a plugin's figure cannot be measured on this machine; empty where it can."""
    if key in BY_KEY:
        return ""
    if not _is_plugins(key):
        raise MetricError(f"the card checks {key!r}, no figure; {did_you_mean(key, BY_KEY)}")
    try:
        known(key)
    except GanzooError as error:
        return one_line(error)
    return "" if is_here(Part(check.data)) else f"it needs {check.data}, which is not here"


def _measured(check: Check, source: Source, *, plugins: bool) -> Mapping[str, Figures]:
    """The figures of a check's samples, by key."""
    data, seeds = Part(check.data), (check.seed,)
    if not check.extractor:
        return measure_samples(source, plan_for(data), check.n, seeds)[0]
    extractor = open_extractor(check.extractor)
    real = shipped_or_made(extractor, data)
    return evaluate(source, extractor, real, n=check.n, seeds=seeds, plugins=plugins).figures


def contradictions(config: ModelConfig) -> Iterator[str]:
    """Where the figures that people read, and the checks that are measured again, disagree."""
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
            found = check.values[key]
            share = OTHER_SEEDS * sqrt(SAMPLES / check.n)
            more = max(share * abs(found), _farthest(metric))
            if abs(shipped - found) > check.tolerance[key] + more:
                yield f"{metric.name} of these weights is {shipped:g}, and {found:g} in the checks"


def _farthest(metric: Metric) -> float:
    """How far one of n sampling seeds can lie from their mean: s (n - 1) / sqrt(n).

    0 where the spread is over training seeds, and so says nothing of it.
    """
    if metric.values or metric.spread is None or not metric.repeats:
        return 0.0
    return metric.spread * (metric.repeats - 1) / sqrt(metric.repeats)


def unchecked(config: ModelConfig) -> list[str]:
    """The names of the figures that no check is of."""
    return [one.name for one in config.metrics if not list(_checks_of(one, config))]


def _checks_of(metric: Metric, config: ModelConfig) -> Iterator[tuple[Check, str]]:
    """The checks of as many samples that hold a figure, with its key there."""
    extractor = extractor_of(metric, config)
    for check in config.checks:
        if (check.extractor, check.n) == (extractor, metric.n):
            yield from ((check, key) for key in check.values if _is_named(key, check, metric))


def _is_named(key: str, check: Check, metric: Metric) -> bool:
    """Whether a key of a check is a card's figure; of a plugin that is not here nobody knows."""
    try:
        return known(key).name(check.extractor) == metric.name
    except GanzooError:
        return False


def extractor_of(metric: Metric, config: ModelConfig) -> str | None:
    """The extractor on whose features a figure was measured: the first check's unless it says."""
    if metric.name in NAMES_ON_INCEPTION.values():
        return INCEPTION
    if found := re.search(r"\((.+)\)$", metric.name):
        return found[1]
    return config.checks[0].extractor if config.checks else None


def _rounded(value: float) -> float:
    """Five digits: more than the figures are good for, and stable in a file."""
    return float(f"{value:.5g}")
