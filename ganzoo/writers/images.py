"""Writing image samples: one grid, or a folder of files."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from ganzoo.data.packing.decode import on_background
from ganzoo.errors import UsageError
from ganzoo.files import written_whole

#: Formats of those below in which every reader sees alpha.
KEEP_ALPHA = ("PNG", "WEBP")
GRID_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


def write_images(samples: Tensor, path: Path) -> list[Path]:
    """Write samples [N, C, H, W] in [-1, 1]: a grid where `path` has an image's suffix.

    Otherwise `path` is a folder, made where it is absent, of 00000.png, 00001.png, ...
    Returns the files written.
    """
    if path.suffix:
        if path.suffix.lower() not in GRID_SUFFIXES:
            known = ", ".join(GRID_SUFFIXES)
            raise UsageError(f"{path}: images are written as {known}, or into a folder")
        columns = columns_for(len(samples), *samples.shape[2:])
        _write(make_grid(_bytes(samples), nrow=columns, padding=2, pad_value=0), path)
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    files = [path / f"{number:05d}.png" for number in range(len(samples))]
    for image, file in zip(_bytes(samples), files, strict=True):
        _write(image, file)
    return files


def columns_for(count: int, height: int, width: int) -> int:
    """Columns that make a grid of so many images about as wide as it is high."""
    return max(1, min(count, math.ceil(math.sqrt(count * height / width))))


def _bytes(samples: Tensor) -> Tensor:
    """[-1, 1] -> 0 to 255."""
    return samples.add(1).mul(127.5).round().clamp(0, 255).byte()


def _write(image: Tensor, path: Path) -> None:
    """Write one image uint8 [C, H, W] whole or not at all."""
    pixels = image[0].numpy() if image.shape[0] == 1 else image.permute(1, 2, 0).numpy()
    picture, form = Image.fromarray(pixels), Image.registered_extensions()[path.suffix.lower()]
    if picture.mode == "RGBA" and form not in KEEP_ALPHA:
        picture = on_background(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        picture.save(beside, format=form)
