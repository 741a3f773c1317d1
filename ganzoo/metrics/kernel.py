"""The kernel distance (KD): maximum mean discrepancy of features under a polynomial kernel."""

from __future__ import annotations

from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_features, row_blocks


def kernel_distance(real: Tensor, fake: Tensor) -> float:
    """KD = E k(x, x') + E k(y, y') - 2 E k(x, y), unbiased (Bińkowski et al. 2018, eq. 4).

    Of features [N, F] and [M, F], over all pairs rather than random subsets, so that it draws
    nothing. Its expectation is 0 if both have the same distribution, so it can be negative.
    """
    real, fake = as_features(real=real, fake=fake)
    if min(len(real), len(fake)) < 2:
        raise MetricError(
            f"the kernel distance needs 2 samples or more, found {len(real)} real and "
            f"{len(fake)} fake"
        )
    return mean_within(real) + mean_within(fake) - 2 * mean_between(real, fake)


def cubic(one: Tensor, two: Tensor) -> Tensor:
    """k(x, y) = (x·y / F + 1)³ of each pair: [N, F], [M, F] -> [N, M] (ibid., section 4)."""
    return (one @ two.T).div_(one.shape[1]).add_(1).pow_(3)


def mean_between(one: Tensor, two: Tensor) -> float:
    """Mean kernel over all pairs of [N, F] and [M, F]."""
    total = sum(float(cubic(one[rows], two).sum()) for rows in row_blocks(len(one), len(two)))
    return total / (len(one) * len(two))


def mean_within(features: Tensor) -> float:
    """Mean kernel over all pairs of two different rows of [N, F]."""
    n, total = len(features), 0.0
    for rows in row_blocks(n, n):
        kernel = cubic(features[rows], features[rows.start :])  # the rest is symmetric
        own = kernel[:, : len(kernel)].fill_diagonal_(0)
        total += 2 * float(kernel.sum()) - float(own.sum())
    return total / (n * (n - 1))
