"""The metrics written as plainly as the papers write them: loops over lists, no blocks."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal values in float64, the same at each call."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def distances(one: Tensor, two: Tensor) -> list[list[float]]:
    """Distances between all pairs of [N, F] and [M, F]."""
    return [[math.dist(x, y) for y in two.tolist()] for x in one.tolist()]


def nearest(queries: Tensor, bank: Tensor, k: int) -> list[list[float]]:
    return [sorted(row)[:k] for row in distances(queries, bank)]


def radii(features: Tensor, k: int) -> list[float]:
    """Distance from each row to its k-th nearest other row."""
    table = distances(features, features)
    return [sorted(row[:i] + row[i + 1 :])[k - 1] for i, row in enumerate(table)]


def share(values: list[bool]) -> float:
    return sum(values) / len(values)


def reached(points: Tensor, bank: Tensor, k: int) -> float:
    """Share of points in a ball of the bank: Kynkäänniemi et al. 2019, eq. 1 and 2."""
    reach = radii(bank, k)
    table = distances(points, bank)
    return share([any(d <= r for d, r in zip(row, reach, strict=True)) for row in table])


def precision_recall(real: Tensor, fake: Tensor, k: int) -> tuple[float, float]:
    return reached(fake, real, k), reached(real, fake, k)


def density_coverage(real: Tensor, fake: Tensor, k: int) -> tuple[float, float]:
    """Naeem et al. 2020, section 3: sums over fakes j and real samples i."""
    reach = radii(real, k)
    table = distances(fake, real)
    inside = [[d <= r for d, r in zip(row, reach, strict=True)] for row in table]
    density = sum(map(sum, inside)) / (k * len(fake))
    return density, share([any(column) for column in zip(*inside, strict=True)])


def kernel_distance(real: Tensor, fake: Tensor) -> float:
    """Bińkowski et al. 2018, eq. 4, with the kernel of section 4."""

    def kernel(x: list[float], y: list[float]) -> float:
        return (math.fsum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(rows: list[list[float]]) -> float:
        n = len(rows)
        pairs = (kernel(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j)
        return math.fsum(pairs) / (n * (n - 1))

    xs, ys = real.tolist(), fake.tolist()
    between = math.fsum(kernel(x, y) for x in xs for y in ys) / (len(xs) * len(ys))
    return within(xs) + within(ys) - 2 * between


def squared_wasserstein(one: list[float], two: list[float]) -> float:
    """Between equal masses on a line: both repeated to the same number, and paired in order."""
    n = math.lcm(len(one), len(two))
    xs = sorted(one * (n // len(one)))
    ys = sorted(two * (n // len(two)))
    return math.fsum((x - y) ** 2 for x, y in zip(xs, ys, strict=True)) / n
