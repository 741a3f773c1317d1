"""The Fréchet distance (FD) between two sets of features, each described as a Gaussian."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.moments import Moments


def frechet_distance(one: Moments, two: Moments) -> float:
    """FD = |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½), a squared distance; 0 at best.

    Dowson & Landau 1982; Heusel et al. 2017, eq. 6. Refuses sets too small for a covariance of full
    rank, whose distance would mostly depend on their size.
    """
    check_enough(one, two)
    covariance1, covariance2 = one.covariance, two.covariance
    means = (one.mean - two.mean).square().sum()
    traces = covariance1.trace() + covariance2.trace()
    distance = means + traces - 2 * root_trace(covariance1, covariance2)
    return max(0.0, float(distance))  # rounding may put equal sets below 0


def root_trace(covariance1: Tensor, covariance2: Tensor) -> Tensor:
    """The trace of (C1 C2)^½: of [F, F] and [F, F] -> [].

    With C1 = A Aᵀ and C2 = B Bᵀ, the eigenvalues of C1 C2 are the squared singular values of Aᵀ B,
    which are real and not negative however ill-conditioned C1 C2 is.
    """
    roots: Tensor = torch.linalg.svdvals(factor(covariance1).T @ factor(covariance2))
    return roots.sum()


def factor(covariance: Tensor) -> Tensor:
    """Some A with A Aᵀ = C, [F, F] -> [F, F]: by Cholesky, or by eigenvectors at lower rank."""
    lower: Tensor
    lower, failed = torch.linalg.cholesky_ex(covariance)
    return eigenvector_factor(covariance) if failed else lower


def eigenvector_factor(covariance: Tensor) -> Tensor:
    """`factor` for a C of any rank; refuses eigenvalues below 0 by more than rounding."""
    values: Tensor
    vectors: Tensor
    values, vectors = torch.linalg.eigh(covariance)
    least, most = float(values[0]), float(values[-1])
    if least < -1e-3 * abs(most):  # far beyond float32's rounding
        raise MetricError(
            f"a covariance has no negative eigenvalue, found {least:.3g} beside {most:.3g}: "
            "what was stored is not a covariance"
        )
    return vectors * values.clamp(min=0).sqrt()


def check_enough(one: Moments, two: Moments) -> None:
    """Refuse sets of different widths, and sets with no more rows than columns."""
    if one.feature_dim != two.feature_dim:
        raise MetricError(
            f"found {one.feature_dim} features on one side and {two.feature_dim} on the other: "
            "use the same extractor"
        )
    if min(one.n, two.n) <= one.feature_dim:
        raise MetricError(
            f"too few samples for the Fréchet distance of {one.feature_dim} features, found "
            f"{one.n} and {two.n}: draw at least {one.feature_dim + 1} on each side"
        )
