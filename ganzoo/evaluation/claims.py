"""What a card claims of a model, made of reports, and whether its weights still live up to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose, nan, sqrt
from statistics import mean

from ganzoo.errors import MetricError, did_you_mean
from ganzoo.evaluation.evaluate import SAMPLES, Figures, Report, evaluate
from ganzoo.evaluation.figures import BY_KEY, INCEPTION, NAMES_ON_INCEPTION
from ganzoo.evaluation.real import shipped_or_made
from ganzoo.evaluation.sources import Source
from ganzoo.evaluation.spread import deviation
from ganzoo.extractors import open_extractor
from ganzoo.specs import Check, Metric, ModelConfig, Part

#: The figure by which the median of several training seeds is chosen.
FIRST = "fd"
#: What rounding to five digits may add.
ROUNDING = 1e-4
#: How far a figure of the same weights and latents may lie on another machine: a share of it, and
#: at least this much, which is a few samples that change sides.
SHARE = 0.02
LEAST = {"fd": 0.01, "kd": 0.002, "class_kl": 0.002, "swd": 0.001}
LEAST_SHARE = 0.01
#: How far the mean over several sampling seeds may lie, beyond that, from what one of them gives,
#: as a share, at SAMPLES samples; the share goes with one over the root of their number.
OTHER_SEEDS = 0.1


def median_of(reports: Sequence[Report]) -> int:
    """Which report is the median by the Fréchet distance; of an even number, the worse one."""
    order = sorted(range(len(reports)), key=lambda i: reports[i].figures[FIRST].value)
    return order[len(order) // 2]


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
    chosen = median_of(reports) if shipped is None else shipped
    return tuple(
        metric_of(
            BY_KEY[key].name(first.extractor),
            BY_KEY[key].what,
            [report.figures[key] for report in reports],
            protocol=first.protocol,
            n=first.n,
            repeats=len(first.seeds),
            command=command,
            shipped=chosen,
        )
        for key in first.figures
    )


def basis(report: Report) -> tuple[str, str, str]:
    """What figures must share to stand in one row."""
    return report.protocol, report.extractor_sha256, report.data_hash


def metric_of(
    name: str,
    what: str,
    rows: Sequence[Figures],
    *,
    protocol: str,
    n: int,
    repeats: int,
    command: str,
    shipped: int,
) -> Metric:
    """One figure of a card, from what each training seed got; `shipped` is whose weights go out."""
    values = tuple(_rounded(row.value) for row in rows)
    several = len(values) > 1
    spread = deviation(values) if several else rows[0].spread
    trained = f"{len(values)} training seeds" if several else "one training seed"
    floor = rows[0].floor
    return Metric(
        name=name,
        value=_rounded(mean(values)),
        protocol=f"{what}; {protocol}; {trained}",
        n=n,
        command=command,
        spread=None if spread is None else _rounded(spread),
        repeats=repeats or None,
        floor=None if floor is None else _rounded(floor),
        values=values if several else (),
        shipped=values[shipped],
    )


def check_of(report: Report) -> Check:
    """The check that a report of one sampling seed becomes."""
    (seed,) = report.seeds
    values = {key: _rounded(found.value) for key, found in report.figures.items()}
    return Check(
        extractor=report.extractor,
        data=report.data,
        n=report.n,
        seed=seed,
        values=values,
        tolerance={key: tolerance(key, value) for key, value in values.items()},
    )


def tolerance(key: str, value: float) -> float:
    """How far the figure of the same weights and latents may lie from this one."""
    return _rounded(max(SHARE * abs(value), LEAST.get(key, LEAST_SHARE)))


@dataclass(frozen=True)
class Verdict:
    """One figure measured again: what the card claims, what was found, how far it may be off."""

    key: str
    extractor: str
    n: int
    claimed: float
    found: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether what was found is what is claimed."""
        return abs(self.found - self.claimed) <= self.tolerance


def recheck(check: Check, source: Source) -> list[Verdict]:
    """Measure again what a check claims, from the package's statistics of real samples.

    A figure that is not found here does not hold. `MetricError` where the check itself is none.
    """
    for key, value in check.values.items():
        if key not in BY_KEY:
            raise MetricError(f"the card checks {key!r}, no figure; {did_you_mean(key, BY_KEY)}")
        if check.tolerance[key] > tolerance(key, value) * (1 + ROUNDING):
            raise MetricError(
                f"the card's check of {key} tolerates {check.tolerance[key]:g}, and "
                f"{tolerance(key, value):g} is what another machine needs"
            )
    extractor = open_extractor(check.extractor)
    real = shipped_or_made(extractor, Part(check.data))
    report = evaluate(source, extractor, real, n=check.n, seeds=(check.seed,))
    return [
        Verdict(
            key,
            check.extractor,
            check.n,
            value,
            report.figures[key].value if key in report.figures else nan,
            check.tolerance[key],
        )
        for key, value in check.values.items()
    ]


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
            if abs(shipped - found) > check.tolerance[key] + share * abs(found):
                yield f"{metric.name} of these weights is {shipped:g}, and {found:g} in the checks"


def unchecked(config: ModelConfig) -> list[str]:
    """The names of the figures that no check is of."""
    return [one.name for one in config.metrics if not list(_checks_of(one, config))]


def _checks_of(metric: Metric, config: ModelConfig) -> Iterator[tuple[Check, str]]:
    """The checks of as many samples that hold a figure, with its key there."""
    extractor = extractor_of(metric, config)
    for check in config.checks:
        for key in check.values.keys() & BY_KEY.keys():
            named = BY_KEY[key].name(check.extractor) == metric.name
            if named and (check.extractor, check.n) == (extractor, metric.n):
                yield check, key


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
