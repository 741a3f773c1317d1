"""How far apart one figure lies under several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import stdev


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample, n - 1 below; None of fewer than two, which have none."""
    return stdev(values) if len(values) > 1 else None
