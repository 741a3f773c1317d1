"""What an extractor sees of samples, after a look whether they are what it was made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.interfaces import Extractor

#: Samples that neighbours are searched among, and that pixels are compared of.
NEIGHBOURS = 2_000
#: Samples shown to an extractor at once.
BATCH = 500
#: How far beyond [-1, 1] rounding may bring a value.
SLACK = 1e-3


@dataclass(frozen=True)
class Seen:
    """Features float32 [N, F], class scores [N, K] or None, and the first samples [M, *S]."""

    features: Tensor
    logits: Tensor | None
    first: Tensor

    def __len__(self) -> int:
        return len(self.features)


@torch.no_grad()
def look(extractor: Extractor, batches: Iterable[Tensor], what: str) -> Seen:
    """Show samples to an extractor, batch by batch; `what` names them in errors."""
    device = next((p.device for p in extractor.parameters()), torch.device("cpu"))
    features, logits, first, kept, lowest = [], [], [], 0, float("inf")
    for batch in batches:
        check_samples(extractor, batch, what)
        lowest = min(lowest, float(batch.min()))
        for piece in torch.split(batch, BATCH):
            found = extractor.outputs(piece.to(device))
            features.append(found["features"].float().cpu())
            if "logits" in found:
                logits.append(found["logits"].float().cpu())
        if kept < NEIGHBOURS:
            first.append(batch[: NEIGHBOURS - kept])
            kept += len(first[-1])
    if not features:
        raise MetricError(f"{what}: there are no samples to measure")
    if lowest >= 0:
        raise MetricError(
            f"{what}: no value lies below 0; images lie in [-1, 1], so these seem to lie in "
            "[0, 1]: bring them there by 2 x - 1"
        )
    seen = torch.cat(features)
    _check_features(extractor, seen)
    return Seen(seen, torch.cat(logits) if logits else None, torch.cat(first))


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
    low, high = float(samples.min()), float(samples.max())
    if low < -1 - SLACK or high > 1 + SLACK:
        raise MetricError(
            f"{what}: values from {low:.4g} to {high:.4g}; images lie in [-1, 1], and so do "
            "those that the extractor learnt from"
        )


def _check_features(extractor: Extractor, features: Tensor) -> None:
    """Refuse features that are not what the extractor says of them."""
    if features.dim() != 2 or features.shape[1] != extractor.feature_dim:
        raise MetricError(
            f"extractor {extractor.name}: feature_dim is {extractor.feature_dim}, and it gave "
            f"features of shape {list(features.shape[1:])}"
        )
