"""Which classes a classifier finds among samples, and how evenly."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_doubles, check_rows


def class_histogram(logits: Tensor) -> Tensor:
    """Share of the samples that a classifier assigns to each class: logits [N, K] -> float64 [K].

    A tie goes to the first class.
    """
    check_rows("logits", logits)
    winners = logits.detach().cpu().argmax(1)
    return torch.bincount(winners, minlength=logits.shape[1]).double() / len(logits)


def class_kl(shares: Tensor, reference: Tensor | None = None) -> float:
    """KL(p || q) = sum_k p_k ln(p_k / q_k) in nats, of shares p [K] and a reference q [K].

    q is uniform unless given; then the greatest value is ln K, for a single class.
    """
    shares = as_shares("shares", shares)
    uniform = torch.full_like(shares, 1 / len(shares))
    reference = uniform if reference is None else as_shares("the reference", reference)
    if len(shares) != len(reference):
        raise MetricError(f"found {len(shares)} shares, and {len(reference)} in the reference")
    missing = int(((shares > 0) & (reference == 0)).sum())
    if missing:
        raise MetricError(
            f"{missing} of {len(shares)} classes have a share but none in the reference, which "
            "makes the divergence infinite: use a reference with all classes"
        )
    return max(0.0, float((shares.xlogy(shares) - shares.xlogy(reference)).sum()))


def confident_share(logits: Tensor, threshold: float = 0.9) -> float:
    """Share of samples whose most probable class reaches the threshold, from logits [N, K]."""
    check_rows("logits", logits)
    return float(confident(logits, threshold).double().mean())


def confident(logits: Tensor, threshold: float) -> Tensor:
    """Whether the most probable class reaches the threshold: logits [*, K] -> bool [*]."""
    if not 0 < threshold < 1:
        raise MetricError(f"the threshold must lie between 0 and 1, found {threshold}")
    return as_doubles(logits).softmax(-1).amax(-1) >= threshold


def as_shares(name: str, shares: Tensor) -> Tensor:
    """Shares [K], which must sum to 1: checked, in float64 on the CPU."""
    if shares.dim() != 1:
        raise MetricError(f"{name} must be [K], found {list(shares.shape)}")
    check_rows(name, shares[None])
    shares = as_doubles(shares)
    total = float(shares.sum())
    if shares.min() < 0 or abs(total - 1) > 1e-4:  # well above float32's rounding
        raise MetricError(
            f"{name} must be 0 or more and sum to 1, found a least of {float(shares.min()):.3g} "
            f"and a sum of {total:.6g}: divide counts by their sum"
        )
    return shares / total
