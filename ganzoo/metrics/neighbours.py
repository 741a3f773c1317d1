"""Metrics from nearest neighbours: precision and recall, density and coverage, memorisation.

Distances are exact to rounding in float64: copies have distance 0, and a sample on the edge of a
ball lies in it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_features, check_k, row_blocks
from ganzoo.metrics.distances import TILE, Bank, differences, smallest

#: Candidates beyond k, so that a few ties do not require exact distances to the whole bank.
_SPARE = 4


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall of features [N, F] and [M, F] (Kynkäänniemi et al. 2019).

    f(x, X) = 1 if |x - x'| <= |x' - NN_k(x', X)| for any x' in X, else 0 (eq. 1). Precision is the
    mean of f(fake, all real), recall that of f(real, all fake) (eq. 2); both are in [0, 1]. NN_k is
    the k-th nearest other sample.
    """
    real, fake = _two_sets(real, fake, k)
    return _reached(fake, real, k), _reached(real, fake, k)


def _reached(points: Tensor, bank: Tensor, k: int) -> float:
    """Share of the points [N, F] in any ball around the bank [M, F]: the mean of f, eq. 1."""
    reach = nearest_others(bank, k)[:, -1]
    return float((balls_around(points, bank, reach) > 0).double().mean())


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """Density and coverage of features [N, F] and [M, F] (Naeem et al. 2020, section 3).

    Density is the mean number of real samples' balls that contain a fake, over k: its expectation
    is 1 for a perfect generator, and it has no upper bound. Coverage is the share of real samples
    with a fake in their ball. Balls are closed and reach to the k-th nearest other sample.
    """
    real, fake = _two_sets(real, fake, k)
    reach = nearest_others(real, k)[:, -1]
    density = balls_around(fake, real, reach).double().mean() / k
    coverage = (nearest(real, fake)[:, 0] <= reach).double().mean()
    return float(density), float(coverage)


def _two_sets(real: Tensor, fake: Tensor, k: int) -> tuple[Tensor, ...]:
    """Check two sets of features that must both be larger than k."""
    check_k("real", real, k)
    check_k("fake", fake, k)
    return as_features(real=real, fake=fake)


def memorisation_ratio(train: Tensor, fake: Tensor, test: Tensor) -> float:
    """Mean distance of fakes [M, F] to the training set [N, F], over that of test samples [L, F].

    Distances are to the nearest training sample. Below 1 the fakes are closer to the training set
    than held-out samples are; copies of training samples give 0. If the test samples' mean is
    known, divide `mean_nearest(fake, train)` by it instead.
    """
    held_out = mean_nearest(test, train)
    if held_out == 0:
        raise MetricError(
            f"all {len(test)} test samples are also in the training set: hold out others"
        )
    return mean_nearest(fake, train) / held_out


def mean_nearest(queries: Tensor, bank: Tensor) -> float:
    """Mean distance from the queries [N, F] to the nearest row of the bank [M, F]."""
    return float(nearest(queries, bank).mean())


def nearest(queries: Tensor, bank: Tensor, k: int = 1) -> Tensor:
    """Distances to each query's k nearest rows of the bank: [N, F], [M, F] -> [N, k], ascending."""
    queries, bank = as_features(queries=queries, bank=bank)
    if not 1 <= k <= len(bank):
        raise MetricError(f"k must be 1 to {len(bank)}, the rows of the bank, found {k}")
    prepared = Bank(bank)
    blocks = row_blocks(len(queries), max(TILE, (k + _SPARE) * bank.shape[1]))
    return torch.cat([_nearest(queries[rows], prepared, k) for rows in blocks])


def nearest_others(features: Tensor, k: int = 1) -> Tensor:
    """Distances from each row to its k nearest other rows: [N, F] -> [N, k], ascending.

    Another row is one at another position: copies are neighbours of each other, at distance 0.
    """
    check_k("features", features, k)
    return nearest(features, features, k + 1)[:, 1:]  # the first is the row itself or a copy, at 0


def _nearest(queries: Tensor, bank: Bank, k: int) -> Tensor:
    """`nearest` for one block of queries."""
    squares, rows = smallest(bank.rough_squares(queries), k + _SPARE)
    distances = differences(queries[:, None], bank.rows[rows])[:, 0].sort(1).values[:, :k]
    if rows.shape[1] == len(bank):
        return distances
    passed_over = squares[:, -1:] - bank.slack(queries)  # no other row is nearer than this
    unsure = ~(distances[:, -1:].square() <= passed_over)[:, 0]
    if unsure.any():
        distances[unsure], _ = smallest(bank.distances(queries[unsure]), k)
    return distances


def balls_around(points: Tensor, centres: Tensor, radii: Tensor) -> Tensor:
    """In how many closed balls each point lies: points [N, F], [M, F], [M] -> int64 [N]."""
    bank, blocks = Bank(centres), row_blocks(len(points), TILE)
    return torch.cat([_balls_around(points[rows], bank, radii) for rows in blocks])


def _balls_around(points: Tensor, bank: Bank, radii: Tensor) -> Tensor:
    """`balls_around` for one block of points."""
    counts, slack = torch.zeros(len(points), dtype=torch.int64), bank.slack(points)
    for tile, squares in zip(bank.tiles(), bank.rough_squares(points), strict=True):
        beyond = squares - radii[tile].square()
        inside = beyond <= 0
        unsure = ~(beyond.abs() > slack).all(1)
        inside[unsure] = differences(points[unsure], bank.rows[tile]) <= radii[tile]
        counts += inside.sum(1)
    return counts
