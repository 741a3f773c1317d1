"""Writing image samples: one grid, or a folder of files."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.data.devices import as_bytes
from ganzoo.data.packing.decode import on_background
from ganzoo.errors import UsageError
from ganzoo.files import written_whole
from ganzoo.interfaces import Legend, Writer
from ganzoo.views import Pictures, View
from ganzoo.writers.animation import FILMS, write_film

#: PIL's formats by file name ending.
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}
#: Those in which every reader sees alpha.
KEEP_ALPHA = ("PNG", "WEBP")
#: Black pixels between two images of a grid and around them.
LINE = 2
#: Samples that a film shows in a second.
FILM_FPS = 8


class ImageWriter(Writer):
    """Images [N, C, H, W] in [-1, 1]: a grid, a film, or a file each."""

    endings = (*FORMATS, *FILMS)
    side_by_side = True

    def write(self, samples: Tensor, path: Path, legend: Legend) -> list[Path]:
        """One grid or film, or a folder of files; see `write_images`."""
        return write_images(samples, path)

    def pictures(self, samples: Tensor, legend: Legend) -> Tensor:
        """The images themselves, uint8."""
        return as_bytes(samples)

    def view(self, sample_shape: tuple[int, ...], legend: Legend) -> View | None:
        """Pictures of 1, 3 or 4 channels."""
        fits = len(sample_shape) == 3 and sample_shape[0] in (1, 3, 4)
        return Pictures() if fits else None


def write_images(samples: Tensor, path: Path) -> list[Path]:
    """Write samples [N, C, H, W] in [-1, 1]: one grid if `path` has the suffix of an image format.

    With .gif or .mp4 each sample is a frame of a film. Otherwise `path` is a folder, made if it is
    absent, for 00000.png, 00001.png, ... Returns the files written.
    """
    if path.suffix.lower() in FILMS:
        return [write_film([picture_of(image) for image in as_bytes(samples)], path, FILM_FPS)]
    if path.suffix:
        if path.suffix.lower() not in FORMATS:
            known = ", ".join((*FORMATS, *FILMS))
            raise UsageError(f"{path}: images are written as {known}, .npy, or into a folder")
        columns = columns_for(len(samples), *samples.shape[2:])
        write_image(grid(as_bytes(samples), columns), path)
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    files = [path / f"{number:05d}.png" for number in range(len(samples))]
    for image, file in zip(as_bytes(samples), files, strict=True):
        write_image(image, file)
    return files


def grid(images: Tensor, columns: int) -> Tensor:
    """Images uint8 [N, C, H, W] in rows, with black lines: [3 or C, H', W'].

    Grey images become RGB, and a single image gets no lines.
    """
    if images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    if len(images) == 1:
        return images[0]
    framed = pad(images, (LINE, 0, LINE, 0))  # left and above
    blank = framed.new_zeros(-len(images) % columns, *framed.shape[1:])
    cells = torch.cat([framed, blank]).reshape(-1, columns, *framed.shape[1:])
    whole = cells.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)  # from [rows, columns, C, h, w]
    return pad(whole, (0, LINE, 0, LINE))


def columns_for(count: int, height: int, width: int) -> int:
    """The number of columns that makes a grid of `count` images about square."""
    return max(1, min(count, math.ceil(math.sqrt(count * height / width))))


def picture_of(image: Tensor) -> Image.Image:
    """One image uint8 [C, H, W] as PIL has it: grey, RGB or RGBA."""
    return Image.fromarray(
        image[0].numpy() if image.shape[0] == 1 else image.permute(1, 2, 0).contiguous().numpy()
    )


def write_image(image: Tensor, path: Path) -> None:
    """Write one image uint8 [C, H, W] whole or not at all."""
    picture, form = picture_of(image), FORMATS[path.suffix.lower()]
    if picture.mode == "RGBA" and form not in KEEP_ALPHA:
        picture = on_background(picture)
    with written_whole(path) as beside:
        picture.save(beside, format=form)
