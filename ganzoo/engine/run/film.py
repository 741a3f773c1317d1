"""The film of a training: its sample grids, one after another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, features

from ganzoo.data.packing.decode import on_background
from ganzoo.errors import UsageError
from ganzoo.files import written_whole

GRID_NAME = re.compile(r"\d{12}\.png")
#: How long the last frame stays, in milliseconds.
HOLD = 2000


def make_film(
    folder: Path, stem: str = "film", seconds: float = 8.0, most: int = 120
) -> Path | None:
    """Write the grids in a run's samples folder as a film that loops, and return its file.

    Grids are PNG files named by their images seen. Damaged ones, and those whose size differs from
    the last one's, are left out. Of more than `most`, that many are taken evenly, with the first
    and the last. They share `seconds`, then the last stays. Returns None for fewer than two grids.
    """
    if seconds <= 0 or most < 2:
        raise UsageError(
            f"a film needs more than 0 s and at least 2 frames, found {seconds} s and {most} frames"
        )
    grids = thinned(usable(folder), most)
    if len(grids) < 2:
        return None
    suffix, how = format_for(grids[-1])
    each = round(1000 * seconds / (len(grids) - 1))
    durations = [each] * (len(grids) - 1) + [HOLD]
    path = folder / f"{stem}{suffix}"
    with written_whole(path) as beside:
        Reel(grids).save(beside, save_all=True, duration=durations, loop=0, **how)  # 0: for ever
    return path


def usable(folder: Path) -> list[Path]:
    """The undamaged grids of a folder, in order, that have the last one's size."""
    named = sorted(path for path in folder.glob("*.png") if GRID_NAME.fullmatch(path.name))
    sizes = {path: size for path in named if (size := size_of(path))}
    return [path for path, size in sizes.items() if size == sizes[max(sizes)]]


def size_of(path: Path) -> tuple[int, int] | None:
    """A picture's size; None if its checksums show damage."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
            return image.size
    except (OSError, SyntaxError, ValueError):  # Pillow raises any of these for a broken PNG
        return None


def thinned(grids: Sequence[Path], most: int) -> list[Path]:
    """At most `most` of the grids, taken evenly, with the first and the last."""
    if len(grids) <= most:
        return list(grids)
    return [grids[round(index * (len(grids) - 1) / (most - 1))] for index in range(most)]


def format_for(grid: Path) -> tuple[str, dict[str, Any]]:
    """The film's suffix and Pillow's arguments: WebP, or GIF if Pillow was built without it.

    Grey grids are written without loss; coloured ones with a small loss, in a sixth of the bytes
    (30 grids of smooth noise, 529 pixels wide: 3.1 MB instead of 18.7).
    """
    if not features.check("webp"):
        return ".gif", {"format": "GIF"}
    quality = {"lossless": True} if is_grey(grid) else {"quality": 90}
    return ".webp", {"format": "WEBP", **quality}


def is_grey(grid: Path) -> bool:
    """Whether a picture that is saved in colour is grey."""
    with Image.open(grid) as image:
        colours = opaque(image)
    return ImageChops.difference(colours, colours.convert("L").convert("RGB")).getbbox() is None


def opaque(grid: Image.Image) -> Image.Image:
    """A grid in RGB, on white if it has alpha."""
    return on_background(grid) if grid.mode == "RGBA" else grid.convert("RGB")


class Reel(Image.Image):
    """Grids of one size as one picture of many frames, with one frame in memory.

    Pillow's WebP writer makes a list of what `append_images` yields, and so would hold them all.
    """

    def __init__(self, grids: Sequence[Path]) -> None:
        super().__init__()
        with Image.open(grids[0]) as first:  # Pillow has no public way to fill a picture
            vars(self).update(vars(opaque(first)))
        self.grids = grids
        self.n_frames = len(grids)
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Show a frame; `EOFError` beyond the last, as Pillow expects."""
        if frame >= self.n_frames:
            raise EOFError
        with Image.open(self.grids[frame]) as grid:
            self.paste(opaque(grid))
        self.frame = frame

    def tell(self) -> int:
        """The current frame."""
        return self.frame
