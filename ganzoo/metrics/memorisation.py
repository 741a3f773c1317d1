"""Whether samples lie closer to the training set than new real samples do."""

from __future__ import annotations

from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.neighbours import nearest


def memorisation_ratio(train: Tensor, fake: Tensor, test: Tensor) -> float:
    """How far fakes [M, F] lie from the training samples [N, F], over how far test samples do.

    Below 1 the fakes are closer to the training set than held-out samples [L, F] are; copies of
    training samples give 0. Distances are to the nearest training sample, averaged. Where the
    test samples' mean is kept, divide `mean_nearest(fake, train)` by it instead.
    """
    held_out = mean_nearest(test, train)
    if held_out == 0:
        raise MetricError(
            f"all {len(test)} test samples are also in the training set: hold others out"
        )
    return mean_nearest(fake, train) / held_out


def mean_nearest(queries: Tensor, bank: Tensor) -> float:
    """Mean distance from the queries [N, F] to the nearest row of the bank [M, F]."""
    return float(nearest(queries, bank).mean())
