"""Samples as networks for photographs take them."""

from __future__ import annotations

from torch import Tensor

from ganzoo.errors import MetricError


def in_colour(images: Tensor, who: str) -> Tensor:
    """Images [N, 1 or 3, H, W] -> [N, 3, H, W]; grey is repeated, and `who` refuses the rest."""
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise MetricError(
            f"{who} takes images of 1 or 3 channels, found samples of shape "
            f"{list(images.shape[1:])}; choose another with --extractor"
        )
    return images.expand(-1, 3, -1, -1)
