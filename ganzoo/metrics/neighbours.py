"""Nearest neighbours, and the metrics made of the balls that reach to the k-th.

Distances are exact to rounding in float64: copies lie at 0, and a sample at a ball's very edge
lies in it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_features, check_k, row_blocks
from ganzoo.metrics.distances import TILE, Bank, differences, smallest

#: Candidates beyond k, so that a few ties don't ask for the whole bank to be measured exactly.
_SPARE = 4


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

    A row is another where it stands elsewhere: copies are neighbours of each other, at 0.
    """
    check_k("features", features, k)
    return nearest(features, features, k + 1)[:, 1:]  # the first is 0: the row itself, or a copy


def _nearest(queries: Tensor, bank: Bank, k: int) -> Tensor:
    """`nearest` for as many queries as memory has room for."""
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
    """In how many of the closed balls each point lies: [N, F], [M, F], [M] -> int64 [N]."""
    bank, blocks = Bank(centres), row_blocks(len(points), TILE)
    return torch.cat([_balls_around(points[rows], bank, radii) for rows in blocks])


def _balls_around(points: Tensor, bank: Bank, radii: Tensor) -> Tensor:
    """`balls_around` for as many points as memory has room for."""
    counts, slack = torch.zeros(len(points), dtype=torch.int64), bank.slack(points)
    for tile, squares in zip(bank.tiles(), bank.rough_squares(points), strict=True):
        beyond = squares - radii[tile].square()
        inside = beyond <= 0
        unsure = ~(beyond.abs() > slack).all(1)
        inside[unsure] = differences(points[unsure], bank.rows[tile]) <= radii[tile]
        counts += inside.sum(1)
    return counts


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall of features [N, F] and [M, F], each in [0, 1].

    Precision is the share of fakes within reach of the real samples, recall that of real samples
    within reach of the fakes (Kynkäänniemi et al. 2019, eq. 1 and 2). The reach of a sample is a
    closed ball to its k-th neighbour, not counting itself.
    """
    real, fake = _two_sets(real, fake, k)
    return _reached(fake, real, k), _reached(real, fake, k)


def _reached(points: Tensor, bank: Tensor, k: int) -> float:
    """Share of the points [N, F] within reach of the bank [M, F]."""
    reach = nearest_others(bank, k)[:, -1]
    return float((balls_around(points, bank, reach) > 0).double().mean())


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """Density and coverage of features [N, F] and [M, F] (Naeem et al. 2020, section 3).

    Density counts the real samples' balls that a fake lies in, over k: its expectation is 1 for a
    perfect generator, and it has no upper bound. Coverage is the share of real samples with a fake
    in their ball. Balls are closed and reach to the k-th neighbour, not counting the sample itself.
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
