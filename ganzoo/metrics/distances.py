"""Euclidean distances to the rows of a set: fast with a known error, or exact.

The product form |x|² + |y|² - 2 x·y is as fast as a matrix product, but it cancels: a copy's
distance comes out as about 1e-8 of its norm. So it is used to search only; what it cannot tell
apart is measured by differences, which give 0 for a copy, and are symmetric.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

#: Rows of the bank at a time: products are fastest if neither side is thin.
TILE = 4096


class Bank:
    """Rows [M, F] in float64 with which others are compared, one tile at a time."""

    def __init__(self, rows: Tensor) -> None:
        squares = rows.square().sum(1, keepdim=True)
        self.rows, self._longest = rows, squares.max().sqrt()
        self._lifted = torch.cat([rows, squares, torch.ones_like(squares)], 1)

    def __len__(self) -> int:
        return len(self.rows)

    def tiles(self) -> Iterator[slice]:
        """The rows of each tile, in order."""
        return (slice(start, start + TILE) for start in range(0, len(self), TILE))

    def rough_squares(self, queries: Tensor) -> Iterator[Tensor]:
        """Squared distances of queries [N, F] to each tile, [N, T], with an error up to `slack`.

        One product: (-2 x, 1, |x|²) · (y, |y|², 1).
        """
        squares = queries.square().sum(1, keepdim=True)
        lowered = torch.cat([-2 * queries, torch.ones_like(squares), squares], 1)
        return (lowered @ self._lifted[tile].T for tile in self.tiles())

    def slack(self, queries: Tensor) -> Tensor:
        """The greatest error of `rough_squares` for each of the queries [N, F]: [N, 1].

        Rounding errors of a sum of F products are at most F u |x||y|, in any order of summation
        (Higham 2002, section 3.1), and eps is 2 u. Twice that covers the lengths, which are such
        sums too, and the exact square that it is compared with.
        """
        unit = 2 * torch.finfo(torch.float64).eps * (queries.shape[1] + 4)
        lengths = queries.square().sum(1, keepdim=True).sqrt()
        return unit * (lengths + self._longest).square()

    def distances(self, queries: Tensor) -> Iterator[Tensor]:
        """Exact distances of queries [N, F] to each tile, [N, T]."""
        return (differences(queries, self.rows[tile]) for tile in self.tiles())


def differences(one: Tensor, two: Tensor) -> Tensor:
    """Distances [*, N, M] between [*, N, F] and [*, M, F] by differences: exact to rounding."""
    return torch.cdist(one, two, compute_mode="donot_use_mm_for_euclid_dist")


def smallest(parts: Iterable[Tensor], count: int) -> tuple[Tensor, Tensor]:
    """The least values of each row and their columns: parts [N, T] of [N, M] -> two [N, count].

    In ascending order; all columns if there are fewer than `count`.
    """
    values, columns, start = [], [], 0
    for part in parts:
        least = part.topk(min(count, part.shape[1]), largest=False)
        values.append(least.values)
        columns.append(least.indices + start)
        start += part.shape[1]
    best = torch.cat(values, 1).topk(min(count, start), largest=False)
    return best.values, torch.cat(columns, 1).gather(1, best.indices)
