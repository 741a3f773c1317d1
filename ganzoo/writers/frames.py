"""Samples as pictures of one size: the frames of a film, or the cells of a grid."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from torch import Tensor

from ganzoo.errors import UsageError
from ganzoo.writers.animation import MOVING, write_film
from ganzoo.writers.images import FORMATS, grid, picture_of, write_image

#: Films of smaller pictures are enlarged to about this side.
SMALL = 256


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


def is_picture(path: Path) -> bool:
    """Whether a file name's ending is that of a film or an image."""
    return path.suffix.lower() in (*MOVING, *FORMATS)


def check_ending(path: Path, *, films: bool, also: Collection[str] = ()) -> None:
    """Refuse a file name whose ending names no format; `also` are those of the samples' kind."""
    known = (*MOVING, *FORMATS, *also) if films else (*FORMATS,)
    if path.suffix.lower() not in known:
        raise UsageError(f"{path} ends in none of {', '.join(dict.fromkeys(known))}")
