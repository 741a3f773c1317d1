"""Which classes a classifier finds among samples, and how evenly."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_doubles, check_rows


def class_histogram(logits: Tensor) -> Tensor:
    """Each class's share of the samples that it wins: logits [N, K] -> float64 [K], summing to 1.

    Of tied classes, the first wins.
    """
    check_rows("logits", logits)
    winners = logits.detach().cpu().argmax(1)
    return torch.bincount(winners, minlength=logits.shape[1]).double() / len(logits)


def class_kl(shares: Tensor, reference: Tensor | None = None) -> float:
    """KL(shares || reference) in nats, of [K] and [K]; the reference is uniform unless given.

    At most ln K against the uniform one, for a single class. A class without a share adds nothing.
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
    """Share of samples whose winning class has at least that probability: of logits [N, K]."""
    check_rows("logits", logits)
    return float(confident(logits, threshold).double().mean())


def confident(logits: Tensor, threshold: float) -> Tensor:
    """Whether the winning class has at least that probability: logits [*, K] -> bool [*]."""
    if not 0 < threshold < 1:
        raise MetricError(f"the threshold must lie between 0 and 1, found {threshold}")
    return as_doubles(logits).softmax(-1).amax(-1) >= threshold


def as_shares(name: str, shares: Tensor) -> Tensor:
    """Check shares [K], which must sum to 1; gives them in float64 on the CPU."""
    if shares.dim() != 1:
        raise MetricError(f"{name} must be [K], found {list(shares.shape)}")
    check_rows(name, shares[None])
    shares = as_doubles(shares)
    total = float(shares.sum())
    if shares.min() < 0 or abs(total - 1) > 1e-4:  # what float32 rounds off, and to spare
        raise MetricError(
            f"{name} must be 0 or more and sum to 1, found a least of {float(shares.min()):.3g} "
            f"and a sum of {total:.6g}: divide counts by their sum"
        )
    return shares / total
