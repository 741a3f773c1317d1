"""Figures under several seeds: their mean, how far apart they lie, and which seed is the median.

A figure has a value for each sampling seed; the mean of those is what a training seed scores. Over
training seeds a card and a table have the mean of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev

from ganzoo.errors import MetricError
from ganzoo.measure.figures import known

#: The anchor whose figures are the floor.
REAL = "real"


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample, n - 1 below; None of fewer than two, which have none."""
    return stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Figures:
    """One figure of one source: its values over sampling seeds, and what anchors get."""

    key: str
    values: tuple[float, ...]
    anchors: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The mean over sampling seeds."""
        return mean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over sampling seeds; None of a single one."""
        return deviation(self.values)

    @property
    def floor(self) -> float | None:
        """What as many real samples get."""
        return self.anchors.get(REAL)


@dataclass(frozen=True)
class Across:
    """One figure over training seeds; `each` is every seed's, None where it has no such figure.

    The mean and the deviation are of the others. Of a single training seed the spread is that over
    its sampling seeds.
    """

    each: tuple[float | None, ...]
    value: float | None
    spread: float | None
    floor: float | None = None

    @property
    def mean(self) -> float:
        """The mean; `MetricError` where no seed has the figure."""
        if self.value is None:
            raise MetricError("a figure that no seed has has no mean")
        return self.value

    @property
    def values(self) -> tuple[float, ...]:
        """Those that there are."""
        return tuple(value for value in self.each if value is not None)


def across(found: Sequence[Figures | None]) -> Across:
    """A figure over training seeds, from what each of them got."""
    there = [one for one in found if one is not None]
    over = over_seeds([None if one is None else one.value for one in found])
    if not there:
        return over
    spread = there[0].spread if len(found) == 1 else over.spread
    return Across(over.each, over.value, spread, there[0].floor)


def over_seeds(each: Sequence[float | None]) -> Across:
    """Mean and deviation of one value of each seed, of those that there are."""
    there = [value for value in each if value is not None]
    return Across(tuple(each), mean(there) if there else None, deviation(there))


def median_of(rows: Sequence[Mapping[str, Figures]]) -> int:
    """Which training seed is the median by the first figure; of an even number, the worse one.

    `rows` are the figures of each seed by key; the first is the first that all of them have.
    """
    first = first_of(rows)
    order = sorted(range(len(rows)), key=lambda i: _badness(rows[i][first]))
    return order[len(order) // 2]


def first_of(rows: Sequence[Mapping[str, Figures]]) -> str:
    """The key of the figure by which the median is chosen."""
    if not (keys := common(rows)):
        raise MetricError("there is no figure that all training seeds have")
    return keys[0]


def common(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The keys that all training seeds have, in order."""
    return [key for key in rows[0] if all(key in row for row in rows)]


def _badness(found: Figures) -> float:
    return known(found.key).badness(found.value, found.floor)
