"""Affine maps of images: each image is resampled once, with little blur and little aliasing.

An image is interpolated to twice its density, read there bilinearly at twice the density of the
result, and filtered down again. Both filters belong to one symmetric wavelet: the cubic through
four neighbours (Deslauriers and Dubuc 1989) and its dual by lifting (Sweldens 1996). So an image
that is shifted by whole pixels, mirrored or rotated by a right angle keeps its values.

torch's own sampler sums gradients on a GPU in any order, and lacks a second derivative in older
versions; indexing sums in a fixed order, and has one.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Values that the filter down reads beyond each edge, in half pixels.
MARGIN = 4


def resampled(images: Tensor, places: Tensor) -> Tensor:
    """Images [N, C, H, W], each pixel read where `places` [N, 2, 3] maps it.

    A pixel is (x, y, 1), in pixels from the middle of the image, y downwards. Images are mirrored
    at their edges.
    """
    height, width = images.shape[-2:]
    doubled = finer(finer(images.mT).mT)
    rows = _half_pixels(height, images.device)[:, None]
    columns = _half_pixels(width, images.device)[None, :]
    (x_x, x_y, x_0), (y_x, y_y, y_0) = (row.unbind(1) for row in places[..., None, None].unbind(1))
    across = x_x * columns + x_y * rows + 2 * x_0 + (width - 1)
    down = y_x * columns + y_y * rows + 2 * y_0 + (height - 1)
    read = bilinear(doubled, reflected(down, 2 * height - 1), reflected(across, 2 * width - 1))
    return coarser(coarser(read).mT).mT


def bilinear(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Values [N, C, I, J] of images [N, C, H, W] at rows and columns [N, I, J] within them."""
    n, _, height, width = images.shape
    top, left = rows.floor(), columns.floor()
    below, right = rows - top, columns - left
    first = torch.arange(n, device=images.device)[:, None, None] * height
    ways_down = ((top, 1 - below), ((top + 1).clamp(max=height - 1), below))
    ways_across = ((left, 1 - right), ((left + 1).clamp(max=width - 1), right))
    pixels = images.permute(0, 2, 3, 1).flatten(0, 2)
    values = torch.zeros((), device=images.device)
    for row, near in ways_down:
        for column, close in ways_across:
            index = (first + row.long()) * width + column.long()
            values = values + pixels[index] * (near * close)[..., None]
    return values.permute(0, 3, 1, 2)


def reflected(places: Tensor, length: int) -> Tensor:
    """Positions on a line, mirrored at both ends into [0, length - 1]."""
    last = length - 1
    return (last - (places.remainder(max(1, 2 * last)) - last).abs()).clamp(0, last)


def finer(values: Tensor) -> Tensor:
    """Values [..., n] and those half way between neighbours: [..., 2 n - 1]."""
    mirrored = torch.cat([values[..., 1:2], values, values[..., -2:-1]], -1)
    pairs = torch.stack([values[..., :-1], between(mirrored)], -1).flatten(-2)
    return torch.cat([pairs, values[..., -1:]], -1)


def coarser(values: Tensor) -> Tensor:
    """Every other value [..., 2 n + 7] -> [..., n], smoothed: the first is number `MARGIN`.

    It inverts `finer`: only values that `finer` cannot make are smoothed.
    """
    even, odd = values[..., ::2], values[..., 1::2]
    details = odd[..., 1:-1] - between(even)
    return even[..., 2:-2] + (details[..., :-1] + details[..., 1:]) / 4


def between(values: Tensor) -> Tensor:
    """Values half way between neighbours [..., n] -> [..., n - 3], by the cubic through four."""
    return (9 * (values[..., 1:-2] + values[..., 2:-1]) - values[..., :-3] - values[..., 3:]) / 16


def _half_pixels(side: int, device: torch.device) -> Tensor:
    """Positions along a side at twice its density, in half pixels from its middle, plus margins."""
    return torch.arange(2 * side - 1 + 2 * MARGIN, device=device) - (side - 1 + MARGIN)
