"""Mean and covariance of features that arrive in chunks."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_doubles, check_rows, row_blocks

#: Columns of the scatter at a time.
_PANEL = 256


class Moments:
    """Mean [F] and covariance [F, F], in float64, of all features so far, which are not kept.

    Chunks are merged pairwise (Chan, Golub & LeVeque 1983), so that a common offset costs
    no digits, and chunks of any size in any order give the same result up to rounding.
    """

    def __init__(self, feature_dim: int) -> None:
        if feature_dim < 1:
            raise MetricError(f"feature_dim must be 1 or more, found {feature_dim}")
        self.feature_dim, self.n = feature_dim, 0
        self.mean = torch.zeros(feature_dim, dtype=torch.float64)
        self._lower = torch.zeros(feature_dim, feature_dim, dtype=torch.float64)

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """The moments of features [N, F]."""
        check_rows("features", features)
        return cls(features.shape[1]).update(features)

    @classmethod
    def known(cls, n: int, mean: Tensor, covariance: Tensor) -> Self:
        """Stored moments of n features: mean [F], unbiased covariance [F, F]."""
        check_known(n, mean, covariance)
        moments = cls(len(mean))
        moments.n, moments.mean = n, as_doubles(mean)
        moments._lower = as_doubles(covariance) * (n - 1)
        return moments

    def update(self, features: Tensor) -> Self:
        """Add features [N, F] of any floating dtype and device; on an error none of them."""
        check_rows("features", features)
        if features.shape[1] != self.feature_dim:
            raise MetricError(
                f"expected features [N, {self.feature_dim}], found [N, {features.shape[1]}]: "
                "use the same extractor for all chunks"
            )
        for block in row_blocks(*features.shape):
            self._merge(as_doubles(features[block]))
        return self

    def _merge(self, rows: Tensor) -> None:
        """Merge the mean and the scatter of rows [N, F] into those so far (Chan et al. 1983)."""
        n = self.n + len(rows)
        mean = rows.mean(0)
        difference = mean - self.mean
        add_products(self._lower, rows - mean)
        self._lower.addr_(difference, difference, alpha=self.n * len(rows) / n)
        self.mean = self.mean + difference * (len(rows) / n)
        self.n = n

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance [F, F]: the scatter over n - 1."""
        if self.n < 2:
            raise MetricError(f"a covariance needs 2 features or more, found {self.n}: draw more")
        return (self._lower.tril() + self._lower.tril(-1).T) / (self.n - 1)


def add_products(lower: Tensor, rows: Tensor) -> None:
    """Add XᵀX of rows X [N, F] to the lower triangle of [F, F]: about half of the work."""
    for start in range(0, len(lower), _PANEL):
        panel = slice(start, start + _PANEL)
        lower[start:, panel].addmm_(rows[:, start:].T, rows[:, panel])


def check_known(n: int, mean: Tensor, covariance: Tensor) -> None:
    """Refuse all but a mean [F] and a symmetric covariance [F, F] of 2 features or more."""
    if n < 2:
        raise MetricError(f"a covariance needs 2 features or more, found {n}")
    if mean.dim() != 1 or covariance.shape != (len(mean), len(mean)):
        raise MetricError(
            "stored moments are a mean [F] and a covariance [F, F], found "
            f"{list(mean.shape)} and {list(covariance.shape)}"
        )
    check_rows("the mean", mean[None])
    check_rows("the covariance", covariance)
    uneven = float((covariance - covariance.T).abs().max() / covariance.abs().max())
    if uneven > 1e-6:  # ten times float32's rounding
        raise MetricError(f"a covariance is symmetric, this one is off by {uneven:.1e} of its size")
