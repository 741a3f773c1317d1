"""Euclidean distances to the rows of a set: fast to a known error, or exact.

The product form |x|² + |y|² - 2 x·y runs at the speed of a matrix product and cancels: a copy's
distance comes out as some 1e-8 of its norm. So it only searches. What it cannot tell apart is
measured by differences, which give a copy 0, and the same for (x, y) as for (y, x).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

#: Rows of the bank at a time: products are fastest where neither side is thin.
TILE = 4096


class Bank:
    """Rows [M, F] in float64 that others are compared with, a tile of them at a time."""

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
        """Squared distances of queries [N, F] to each tile, [N, T], off by `slack` at most.

        One product: (-2 x, 1, |x|²) · (y, |y|², 1).
        """
        squares = queries.square().sum(1, keepdim=True)
        lowered = torch.cat([-2 * queries, torch.ones_like(squares), squares], 1)
        return (lowered @ self._lifted[tile].T for tile in self.tiles())

    def slack(self, queries: Tensor) -> Tensor:
        """How far off `rough_squares` may be, for each of the queries [N, F]: [N, 1].

        Rounding puts a sum of F products off by F u |x||y| at most, in whatever order it is taken
        (Higham 2002, section 3.1), and eps is 2 u. Twice that leaves room for the lengths, which
        are such sums too, and for the exact square that it is compared with.
        """
        unit = 2 * torch.finfo(torch.float64).eps * (queries.shape[1] + 4)
        lengths = queries.square().sum(1, keepdim=True).sqrt()
        return unit * (lengths + self._longest).square()

    def distances(self, queries: Tensor) -> Iterator[Tensor]:
        """Exact distances of queries [N, F] to each tile, [N, T]."""
        return (differences(queries, self.rows[tile]) for tile in self.tiles())


def differences(one: Tensor, two: Tensor) -> Tensor:
    """Distances [*, N, M] between [*, N, F] and [*, M, F] by differences, so to rounding exact."""
    return torch.cdist(one, two, compute_mode="donot_use_mm_for_euclid_dist")


def smallest(parts: Iterable[Tensor], count: int) -> tuple[Tensor, Tensor]:
    """The least values of each row, and their columns: parts [N, T] of [N, M] -> two [N, count].

    In ascending order; all columns where there are fewer.
    """
    values, columns, start = [], [], 0
    for part in parts:
        found = part.topk(min(count, part.shape[1]), largest=False)
        values.append(found.values)
        columns.append(found.indices + start)
        start += part.shape[1]
    best = torch.cat(values, 1).topk(min(count, start), largest=False)
    return best.values, torch.cat(columns, 1).gather(1, best.indices)
