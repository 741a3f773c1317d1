"""The sliced Wasserstein distance between samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_doubles, check_rows, row_blocks

#: Directions at a time.
_SLICES = 64


def sliced_wasserstein(
    real: Tensor, fake: Tensor, *, projections: int = 512, seed: int = 0
) -> float:
    """SW = (mean over θ of W2²(θ·x, θ·y))^½ of samples [N, *S] and [M, *S], flattened; 0 at best.

    W2 is the Wasserstein-2 distance, θ random directions on the unit sphere (Rabin et al. 2012;
    Bonneel et al. 2015). A shift by t gives about |t| / √D in D dimensions. The directions
    depend only on D, `projections` and the seed.
    """
    real, fake = _as_rows(real, fake)
    if projections < 1:
        raise MetricError(f"projections must be 1 or more, found {projections}")
    rng = torch.Generator().manual_seed(seed)
    total = 0.0
    for start in range(0, projections, _SLICES):
        directions = _directions(real.shape[1], min(_SLICES, projections - start), rng)
        total += float(squared_line_distances(real, fake, directions).sum())
    return math.sqrt(total / projections)


def squared_line_distances(real: Tensor, fake: Tensor, directions: Tensor) -> Tensor:
    """Squared Wasserstein-2 distance along each direction: [N, D], [M, D], [D, P] -> [P].

    In one dimension the best transport preserves the order (Peyré & Cuturi 2019, remark 2.30).
    """
    rows, columns, mass = monotone_transport(len(real), len(fake))
    one = _project(real, directions).sort(0).values
    two = _project(fake, directions).sort(0).values
    return mass @ (one[rows] - two[columns]).square()


def monotone_transport(n: int, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """How n equal masses in order move onto m equal masses: from rows, to rows, mass.

    Exact in whole units of 1 / (n m); with n = m, row i moves onto row i.
    """
    ends = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).sort().values
    starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    starts, lengths = starts[ends > starts], (ends - starts)[ends > starts]
    return starts // m, starts // n, lengths.double() / (n * m)


def _directions(dimensions: int, count: int, rng: torch.Generator) -> Tensor:
    """Directions [D, P] uniform on the unit sphere."""
    normal = torch.randn(dimensions, count, generator=rng, dtype=torch.float64)
    return torch.nn.functional.normalize(normal, dim=0)


def _project(rows: Tensor, directions: Tensor) -> Tensor:
    """Rows [N, D] of any floating dtype and device onto directions [D, P] -> float64 [N, P]."""
    return torch.cat([as_doubles(rows[block]) @ directions for block in row_blocks(*rows.shape)])


def _as_rows(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Samples [N, *S] and [M, *S] of one shape, checked -> [N, D] and [M, D]."""
    if real.dim() < 2 or real.shape[1:] != fake.shape[1:]:
        raise MetricError(
            f"real and fake samples must be [N, *S] of one shape, found {list(real.shape)} and "
            f"{list(fake.shape)}"
        )
    real, fake = real.flatten(1), fake.flatten(1)
    check_rows("real", real)
    check_rows("fake", fake)
    return real, fake
