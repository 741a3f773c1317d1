"""Pictures side by side: the condition, the sample made from it, and the right answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

#: Pixels between two panels, fewer than a grid has between two pictures, and their value.
LINE, GREY = 1, 0.0
#: Alpha of pixels that are not transparent.
OPAQUE = 1.0


def panels(conditions: Tensor, samples: Tensor, targets: Tensor | None = None) -> Tensor:
    """Conditions, samples [N, C, H, W] and targets as one picture each: [N, C', H, W'].

    Conditions are resized to the samples' height. If the panels' channels differ, grey becomes RGB
    and missing alpha opaque. If the conditions are not pictures, only the samples are returned.
    """
    if not are_pictures(conditions) or not are_pictures(samples):
        return samples
    images = [conditions, samples] if targets is None else [conditions, samples, targets]
    height = samples.shape[2]
    channels = max(panel.shape[1] for panel in images)
    fitting = [_fitted(panel, height, channels) for panel in images]
    return torch.cat(_with_lines(fitting), 3)


def are_pictures(tensor: Tensor) -> bool:
    """Whether these are grey, RGB or RGBA: [N, 1, 3 or 4, H, W]."""
    return tensor.dim() == 4 and tensor.shape[1] in (1, 3, 4)


def _fitted(panel: Tensor, height: int, channels: int) -> Tensor:
    if panel.shape[2] != height:
        width = max(1, round(panel.shape[3] * height / panel.shape[2]))
        panel = interpolate(panel, (height, width), mode="nearest")
    if panel.shape[1] == 1 and channels > 1:
        panel = panel.expand(-1, 3, -1, -1)
    if panel.shape[1] < channels:
        panel = torch.cat([panel, torch.full_like(panel[:, :1], OPAQUE)], 1)
    return panel


def _with_lines(images: Sequence[Tensor]) -> list[Tensor]:
    """The panels with a line between two."""
    n, channels, height, _ = images[0].shape
    line = torch.full((n, channels, height, LINE), GREY)
    line[:, 3:] = OPAQUE
    return [piece for panel in images for piece in (panel, line)][:-1]
