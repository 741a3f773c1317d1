"""Samples as pictures of one size: the frames of a film, or the cells of a grid."""

from __future__ import annotations

from pathlib import Path

import numpy
import torch
from torch import Tensor

from ganzoo.data.devices import as_bytes
from ganzoo.errors import UsageError
from ganzoo.writers.animation import MOVING, write_film
from ganzoo.writers.images import FORMATS, grid, picture_of, write_image
from ganzoo.writers.points import axis_end, scatter

#: Points that stay visible behind the newest one.
TRAIL = 12
#: Films of smaller pictures are enlarged to about this side.
SMALL = 256


def pictures_of(kind: str, samples: Tensor) -> Tensor:
    """Samples [N, *S] of images or points -> pictures uint8 [N, C, H, W].

    Points are drawn one after the other, each with a trail of the points before it, which continues
    from the first to the last. `UsageError` for other kinds.
    """
    if kind == "image":
        return as_bytes(samples)
    if kind != "points":
        raise UsageError(f"films and grids show images and points, and this model draws {kind}")
    points = samples.flatten(1)
    end, trail = axis_end(points[points.isfinite().all(1)]), torch.arange(1 - TRAIL, 1)
    drawn = [scatter(points[(trail + i) % len(points)], end) for i in range(len(points))]
    return torch.stack([torch.from_numpy(numpy.array(one)).permute(2, 0, 1) for one in drawn])


def enlarged(pictures: Tensor, scale: int) -> Tensor:
    """Pictures [N, C, scale H, scale W], each pixel a square."""
    return pictures.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def write_pictures(
    pictures: Tensor, path: Path, *, fps: float = 30, scale: int | None = None
) -> Path:
    """Write pictures uint8 [N, C, H, W] as a film, or beside each other as a strip; by ending.

    `scale` enlarges them; by default a film of small pictures to a side of 256 pixels or more.
    """
    if path.suffix.lower() in MOVING:
        scale = scale or max(1, -(-SMALL // max(pictures.shape[2:])))
        return write_film([picture_of(one) for one in enlarged(pictures, scale)], path, fps)
    return write_sheet(pictures, len(pictures), path, scale=scale or 1)


def write_sheet(pictures: Tensor, columns: int, path: Path, *, scale: int = 1) -> Path:
    """Write pictures uint8 [N, C, H, W] as one image with this many columns."""
    write_image(grid(enlarged(pictures, scale), columns), path)
    return path


def check_ending(path: Path, *, films: bool) -> None:
    """Refuse a file name whose ending names no format."""
    known = (*MOVING, *FORMATS) if films else (*FORMATS,)
    if path.suffix.lower() not in known:
        raise UsageError(f"{path} ends in none of {', '.join(dict.fromkeys(known))}")
