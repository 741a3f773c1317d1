"""A figure's description, its values for one model, and their mean and spread over seeds.

A model's figure has a value for each sampling seed, and their mean is the model's value. A recipe's
figure has a value for each training seed, and their mean is what a card and a table state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite, log10
from statistics import mean, stdev
from typing import Any, TypeAlias

from ganzoo.errors import MetricError
from ganzoo.interfaces import Figure

MOST_DIGITS = 8
#: The extractor whose Fréchet and kernel distances have the field's own names.
INCEPTION = "inception-v3"
NAMES_ON_INCEPTION = {"fd": "FID", "kd": "KID"}
#: A table's arrow for each direction.
ARROWS = {"lower": "↓", "higher": "↑", "nearest": "→"}
#: The anchor whose figures are the floor: real samples.
REAL = "real"

#: Values by the figures' keys.
Values: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class FigureSpec:
    """How to name, read and compare a figure.

    `key` is the core's name of it, or a plugin's `distribution/name`. `what` states what is
    computed. `best` is a perfect generator's value, None where that is what real samples get.
    `tolerance` is the least difference to allow between two machines. `named_after_extractor`
    figures carry the extractor in their name. `plugin` is the plugin's own object.
    """

    key: str
    title: str
    what: str
    direction: str
    best: float | None = None
    digits: int = 3
    unit: str = ""
    tolerance: float = 0.01
    named_after_extractor: bool = False
    plugin: Figure | None = None

    @property
    def needs(self) -> frozenset[str]:
        """What a plugin's figure reads beside the samples."""
        return frozenset() if self.plugin is None else frozenset(self.plugin.needs)

    def name(self, extractor: str = "") -> str:
        """Its name with an extractor's features: only on Inception-v3 is it FID."""
        if not self.named_after_extractor:
            return self.title
        if extractor == INCEPTION and self.key in NAMES_ON_INCEPTION:
            return NAMES_ON_INCEPTION[self.key]
        return f"{self.title} ({extractor})"

    def text(self, value: float) -> str:
        """A value with its meaningful digits, or more where it would be shown as 0."""
        small = value != 0 and isfinite(value)
        digits = max(self.digits, -floor(log10(abs(value)))) if small else self.digits
        return f"{value:.{min(digits, MOST_DIGITS)}f}{self.unit}"

    @property
    def best_in_words(self) -> str:
        """The value of a perfect generator; `real` where it is the value of real samples."""
        return "real" if self.best is None else f"{self.best:g}"

    @property
    def arrow(self) -> str:
        """Which values are better: higher, lower, or nearer to a value."""
        towards = f" {self.best_in_words}" if self.direction == "nearest" else ""
        return ARROWS[self.direction] + towards

    def record(self, extractor: str) -> dict[str, Any]:
        """Its description as JSON data."""
        return {
            "name": self.name(extractor),
            "what": self.what,
            "direction": self.direction,
            "unit": self.unit,
        }

    def badness(self, value: float, floor: float | None = None) -> float:
        """A number that is higher for a worse value; `floor` is the value of real samples."""
        if self.direction == "nearest":
            target = floor if self.best is None else self.best
            return value if target is None else abs(value - target)
        return -value if self.direction == "higher" else value


@dataclass(frozen=True)
class Measurement:
    """A figure of one model: its value for each sampling seed, and the anchors' values."""

    figure: FigureSpec
    values: tuple[float, ...]
    anchors: Mapping[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The mean over sampling seeds."""
        return mean(self.values)

    @property
    def spread(self) -> float | None:
        """The standard deviation over sampling seeds; None for a single one."""
        return deviation(self.values)

    @property
    def floor(self) -> float | None:
        """The value of as many real samples."""
        return self.anchors.get(REAL)

    def record(self) -> dict[str, Any]:
        """Its values as JSON data."""
        values = list(self.values)
        return {"value": self.value, "spread": self.spread, "floor": self.floor, "values": values}

    @property
    def badness(self) -> float:
        """A number that is higher for a worse value."""
        return self.figure.badness(self.value, self.floor)


#: A model's measurements by the figures' keys.
Measurements: TypeAlias = Mapping[str, Measurement]


@dataclass(frozen=True)
class OverSeeds:
    """A figure over training seeds; `each` has None for a seed that lacks it.

    `value` and `spread` are the mean and the deviation of the other values. With one training seed
    `spread` is that of its sampling seeds.
    """

    each: tuple[float | None, ...]
    value: float | None
    spread: float | None
    floor: float | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """The values that exist."""
        return tuple(value for value in self.each if value is not None)

    def record(self) -> dict[str, Any]:
        """Each seed's value and their summary as JSON data."""
        values = list(self.each)
        return {"value": self.value, "spread": self.spread, "floor": self.floor, "values": values}


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample (n - 1); None for fewer than two values."""
    return stdev(values) if len(values) > 1 else None


def over_seeds(each: Sequence[float | None]) -> OverSeeds:
    """Mean and deviation of each seed's value, over those that exist."""
    values = [value for value in each if value is not None]
    return OverSeeds(tuple(each), mean(values) if values else None, deviation(values))


def across(measurements: Sequence[Measurement | None]) -> OverSeeds:
    """A figure over training seeds, from the measurement of each."""
    over = over_seeds([None if one is None else one.value for one in measurements])
    measured = [one for one in measurements if one is not None]
    if not measured:
        return over
    spread = measured[0].spread if len(measurements) == 1 else over.spread
    return OverSeeds(over.each, over.value, spread, measured[0].floor)


def common_keys(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The keys that all rows have, in order."""
    return [key for key in rows[0] if all(key in row for row in rows)]


def deciding_key(rows: Sequence[Measurements]) -> str:
    """The key of the figure that chooses the median: the first that all training seeds have."""
    if not (keys := common_keys(rows)):
        raise MetricError("there is no figure that all training seeds have")
    return keys[0]


def median_of(rows: Sequence[Measurements]) -> int:
    """The number of the median training seed by the first figure; the worse one of two."""
    key = deciding_key(rows)
    order = sorted(range(len(rows)), key=lambda number: rows[number][key].badness)
    return order[len(order) // 2]
