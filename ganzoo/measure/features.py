"""Showing samples to an extractor, after checking that they are what it was made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.interfaces import Extractor
from ganzoo.metrics import Moments

#: Samples among which neighbours are searched, and whose pixels are compared.
NEIGHBOURS = 2_000
#: Features to keep one by one; all others only enter mean, covariance and classes.
KEPT = 10_000
#: Samples shown to an extractor at once; fewer to one that takes any size, which enlarges them.
BATCH, ENLARGED = 500, 50
#: How far rounding may push a value out of its range.
SLACK = 1e-3


@dataclass(frozen=True)
class Extracted:
    """What an extractor made of N samples: moments of all features, and the first ones [M, F].

    `logits` are class scores [N, K], or None; `first` are the first samples [L, *S].
    """

    moments: Moments
    features: Tensor
    logits: Tensor | None
    first: Tensor

    def __len__(self) -> int:
        return self.moments.n


class FirstRows:
    """Keeps the first rows of what comes in pieces."""

    def __init__(self, most: int) -> None:
        self.left, self.pieces = most, list[Tensor]()

    def add(self, rows: Tensor) -> None:
        """Keep as many of these rows as there is room for."""
        if self.left > 0:
            self.pieces.append(rows[: self.left])
            self.left -= len(self.pieces[-1])

    def rows(self) -> Tensor:
        """All rows that were kept, as one tensor."""
        return torch.cat(self.pieces)


def check_enough(extractor: Extractor, n: int) -> None:
    """Refuse fewer samples than a covariance of full rank requires."""
    if n <= extractor.feature_dim:
        raise MetricError(
            f"{n:,} samples are too few for {extractor.feature_dim} features of {extractor.name}: "
            f"the covariance would be singular; ask for more than {extractor.feature_dim}"
        )


@torch.no_grad()
def extract(
    extractor: Extractor,
    batches: Iterable[Tensor],
    what: str,
    *,
    keep: int = KEPT,
    from_bytes: bool = False,
) -> Extracted:
    """Show samples to an extractor, batch by batch; `what` names them in errors.

    However many samples come, the first `keep` features stay. Samples made `from_bytes` may all be
    bright: their range is known.
    """
    device = next((p.device for p in extractor.parameters()), torch.device("cpu"))
    at_once = ENLARGED if extractor.sample_shape is None else BATCH
    moments, features, first = (
        Moments(extractor.feature_dim),
        FirstRows(keep),
        FirstRows(NEIGHBOURS),
    )
    logits, lowest = [], float("inf")
    for batch in filter(len, batches):
        check_samples(extractor, batch, what)
        lowest = min(lowest, float(batch.min()))
        first.add(batch)
        for piece in torch.split(batch, at_once):
            outputs = extractor.outputs(piece.to(device))
            rows = outputs["features"].float().cpu()
            _check_features(extractor, rows)
            moments.update(rows)
            features.add(rows)
            if "logits" in outputs:
                logits.append(outputs["logits"].float().cpu())
    if not moments.n:
        raise MetricError(f"{what}: there are no samples to measure")
    if extractor.value_range == (-1.0, 1.0) and lowest > -SLACK and not from_bytes:
        raise MetricError(
            f"{what}: no value lies below 0; images lie in [-1, 1], so these seem to lie in "
            "[0, 1]: convert them with 2 x - 1"
        )
    return Extracted(moments, features.rows(), torch.cat(logits) if logits else None, first.rows())


def check_samples(extractor: Extractor, samples: Tensor, what: str) -> None:
    """Refuse samples that are not what the extractor was made for."""
    shape = tuple(samples.shape[1:])
    if extractor.sample_shape is not None and shape != extractor.sample_shape:
        raise MetricError(
            f"{what}: samples of shape {list(shape)}, and {extractor.name} takes "
            f"{list(extractor.sample_shape)}; choose another with --extractor"
        )
    bad = ~samples.isfinite().flatten(1).all(1)
    if bad.any():
        raise MetricError(
            f"{what}: {int(bad.sum()):,} of {len(samples):,} samples hold NaN or infinity"
        )
    if extractor.value_range is None:
        return
    least, most = extractor.value_range
    low, high = float(samples.min()), float(samples.max())
    if low < least - SLACK or high > most + SLACK:
        raise MetricError(
            f"{what}: values from {low:.4g} to {high:.4g}, and what {extractor.name} learnt from "
            f"lies in [{least:g}, {most:g}]"
        )


def _check_features(extractor: Extractor, features: Tensor) -> None:
    """Refuse features that do not match what the extractor declares."""
    if features.dim() != 2 or features.shape[1] != extractor.feature_dim:
        raise MetricError(
            f"extractor {extractor.name}: feature_dim is {extractor.feature_dim}, and it gave "
            f"features of shape {list(features.shape[1:])}"
        )
