"""Image files of every kind, sound and broken, and folders of them as data sets."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganzoo.data.folder import FolderImages
from ganzoo.data.packing.decode import decode
from ganzoo.data.picture_form import Form, Size

#: The size to which tests decode.
SIZE = 8


def noise(seed: int, size: tuple[int, int] = (12, 12)) -> Image.Image:
    """A colour image that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def write_pictures(folder: Path, count: int, size: tuple[int, int] = (12, 12)) -> Path:
    """A folder of different PNG files in three sub-folders: a/000.png, b/001.png, c/002.png."""
    for number in range(count):
        file = folder / "abc"[number % 3] / f"{number:03d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise(number, size).save(file, compress_level=0)
    return folder


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """An image file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 30,000 pixels wide and high."""
    data = bytearray(encoded(Image.new("L", (1, 1)), "PNG"))
    data[16:24] = (30_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


#: Files that give no image, with what is said of each.
BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.png": (lambda: b"", "empty file"),
    "text.png": (lambda: b"no picture, but a thousand words", "not an image in a known format"),
    "program.png": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image in a known format"),
    "half.jpg": (lambda: encoded(noise(0, (64, 64)), "JPEG")[:900], "truncated"),
    "half.png": (lambda: encoded(noise(0, (64, 64)), "PNG")[:900], "truncated"),
    "bomb.png": (bomb, "too many pixels"),
    "float.tif": (
        lambda: encoded(Image.fromarray(np.eye(8, dtype=np.float32)), "TIFF"),
        "floating-point pixels without a stated range",
    ),
    "wide.tif": (
        lambda: encoded(Image.fromarray(np.full((8, 8), 70_000, dtype=np.int32)), "TIFF"),
        "32-bit pixels beyond the range of 16 bits",
    ),
}


def write_broken(folder: Path) -> Path:
    """Every broken file, into a folder."""
    for name, (make, _) in BROKEN.items():
        (folder / name).write_bytes(make())
    return folder


def opened(folder: Path, **arguments: object) -> FolderImages:
    """The folder as a data set."""
    return FolderImages(str(folder), **{"size": SIZE, "channels": 3, **arguments})


def everything(data: FolderImages) -> torch.Tensor:
    """All images of a data set."""
    return data.batch(torch.arange(len(data)))[0]


def pixels_of(file: Path, size: Size = SIZE, channels: int = 3, **form: str) -> np.ndarray:
    """A file's pixels in a form, uint8 [C, H, W]."""
    wanted = Form.of(size, channels, **form)
    pixels = np.frombuffer(decode(file, wanted).pixels, np.uint8)
    return pixels.reshape(channels, wanted.height, wanted.width)


def decoded(file: Path, **form: object) -> torch.Tensor:
    """What a data set must give for a file."""
    return torch.from_numpy(pixels_of(file, **form).copy()).float() / 127.5 - 1


def packs(home: Path) -> list[Path]:
    """The folders of packs, whole and begun."""
    return sorted(path for path in home.iterdir() if path.is_dir())
