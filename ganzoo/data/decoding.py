"""Decoding one image file, of whatever kind, to bytes of one size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ganzoo.errors import one_line

#: Counts what changes the bytes that a file gives; packs of another version are made again.
VERSION = 1

#: Formats that PIL registers and that are no pictures to us: EPS and WMF are programs (EPS runs
#: Ghostscript), the others have no decoder in PIL.
REFUSED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})

#: EXIF's orientations (tag 0x0112), by how the image is brought upright.
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

#: JPEGs are decoded at an eighth, a quarter or a half where that leaves this many times the size.
DRAFT = 2


class UnusableError(Exception):
    """A file that gives no image; the text is the reason, in a few words."""


@cache
def suffixes() -> frozenset[str]:
    """The file name endings of what can be decoded, such as `.png`, in lower case."""
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in _formats())


def decode(path: Path, size: int, channels: int) -> bytes:
    """A file's first frame, upright, centre-cropped and resized: uint8 [channels, size, size].

    Alpha is blended on white; 16 bits are scaled to 8. Raises `UnusableError` for whatever is no
    whole image. Safe to call from several threads.
    """
    with _opened(path) as image:
        return _fitted(image, size, channels)


def size_of(path: Path) -> tuple[int, int]:
    """(Width, height) as a file says, without decoding it; `UnusableError` where it is no image."""
    with _opened(path) as image:
        return image.size


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A file's image, not decoded yet; whatever goes wrong with it is an `UnusableError`."""
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise UnusableError("empty file")
            file.seek(0)
            with Image.open(file, formats=_formats()) as image:
                yield image
    except UnusableError:
        raise
    except Exception as error:  # PIL's readers raise anything on a damaged file
        raise UnusableError(_reason(error)) from error


@cache
def _formats() -> tuple[str, ...]:
    """PIL's formats that we open, the common ones first, since it tries them in this order."""
    Image.init()
    named = set(Image.registered_extensions().values()) & Image.OPEN.keys() - REFUSED
    return tuple(sorted(named, key=lambda name: (name not in ("JPEG", "PNG", "WEBP"), name)))


def _fitted(image: Image.Image, size: int, channels: int) -> bytes:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise UnusableError(f"{image.width}x{image.height} pixels are too many")
    image.draft(None, (DRAFT * size, DRAFT * size))
    image.load()  # before the orientation is read: PIL turns some files itself
    turn = _turn(image)
    square = ImageOps.fit(_eight_bits(image), (size, size), Image.Resampling.LANCZOS)
    upright = square if turn is None else square.transpose(turn)
    pixels = np.asarray(upright.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(size, size, channels).transpose(2, 0, 1).tobytes()


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What brings the image upright; nothing where its EXIF is damaged: the pixels may be whole."""
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return None


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, without palette, transparency or wide values."""
    if image.mode == "F":
        raise UnusableError("floating-point pixels of no stated range")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _scaled(np.asarray(image))
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa") or "transparency" in image.info:
        return _on_white(image.convert("RGBA"))
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _scaled(values: np.ndarray) -> Image.Image:
    """Integers from 0 to 65,535 -> grey from 0 to 255, rounded."""
    if values.min() < 0 or values.max() > 65_535:
        raise UnusableError("32-bit pixels beyond the range of 16 bits")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    """Blend an RGBA image on white."""
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _reason(error: Exception) -> str:
    """Why a file is unusable, in a few words."""
    if isinstance(error, OSError) and error.errno is not None:
        return (error.strerror or "cannot be read").lower()
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known kind"
    if isinstance(error, Image.DecompressionBombError):
        return "too many pixels"
    text = one_line(error)
    return "truncated" if "truncated" in text.lower() else text[:80]
