"""Decoding one image file of any format to the bytes of one form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ganzoo.data.packing.archive import File
from ganzoo.data.picture_form import KEEP, WHITE, Form
from ganzoo.errors import one_line

#: Raised when a change alters the decoded bytes; packs of another version are made again.
VERSION = 1

#: Formats of PIL that are refused: EPS and WMF are programs (EPS runs Ghostscript), the others have
#: no decoder in PIL.
REFUSED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})

#: Cameras' raw files, by the endings of their names.
RAW = frozenset({".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".kdc", ".mrw", ".nef"})
RAW |= {".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
#: Why a picture of another format cannot be read, and what helps, by the ending of its name.
UNREADABLE = {
    **dict.fromkeys(RAW, "a camera's raw file; export it as JPEG or PNG"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC; pip install pillow-heif"),
    **dict.fromkeys((".avif", ".avifs"), "AVIF; pip install --upgrade pillow, or convert it"),
    **dict.fromkeys((".svg", ".svgz", ".eps", ".ai"), "a vector drawing; export it as PNG"),
    **dict.fromkeys((".wmf", ".emf"), "a vector drawing; export it as PNG"),
    ".jxl": "JPEG XL; convert it to PNG or JPEG",
    ".psb": "a large Photoshop file; export it as PNG",
    ".psd": "Photoshop; export it as PNG",
    ".xcf": "GIMP; export it as PNG",
    ".kra": "Krita; export it as PNG",
    ".exr": "OpenEXR; convert it to PNG",
    ".webp": "WebP; pip install --upgrade pillow, or convert it",
}

#: How to turn an image upright, by its EXIF orientation (tag 0x0112).
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

#: The orientations whose turns exchange width and height.
SIDEWAYS = (5, 6, 7, 8)

#: PIL's mode by number of channels.
MODES = {1: "L", 3: "RGB", 4: "RGBA"}

#: JPEGs are decoded at an eighth, a quarter or a half if this many times the size remains.
DRAFT = 2


class Picture(NamedTuple):
    """A decoded file: uint8 [channels, height, width] of its form, and its own upright size."""

    pixels: bytes
    width: int
    height: int


class UnusableError(Exception):
    """A file that cannot be decoded; the text is the reason, in a few words."""


@cache
def suffixes() -> frozenset[str]:
    """The file name endings of formats that can be decoded, such as `.png`, in lower case."""
    formats = _formats()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in formats)


@cache
def unreadable_suffixes() -> dict[str, str]:
    """The file name endings of pictures that cannot be decoded here, each with the reason."""
    return {suffix: why for suffix, why in UNREADABLE.items() if suffix not in suffixes()}


def decode(path: File, form: Form) -> Picture:
    """A file's first frame, upright and in a form.

    Alpha is blended on the form's background, or kept; 16 bits are scaled to 8. Raises
    `UnusableError` for anything but a complete image. Safe to call from several threads.
    """
    with _opened(path) as image:
        return _decoded(image, form)


def kind_of(path: File) -> tuple[str, str]:
    """A file's format, and `colour`, `grey` or `with transparency`, from its first bytes."""
    with _opened(path) as image:
        if "A" in image.getbands() or "transparency" in image.info:
            return str(image.format), "with transparency"
        return str(image.format), "grey" if image.mode[0] in "1LIF" else "colour"


@contextmanager
def _opened(path: File) -> Iterator[Image.Image]:
    """A file's image, not decoded yet; any error becomes an `UnusableError`."""
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
    """The formats that are opened, common ones first, since PIL tries them in this order."""
    Image.init()
    with suppress(Exception):  # it is not installed, or broken: its files are named as unusable
        from pillow_heif import register_heif_opener

        register_heif_opener()
    named = set(Image.registered_extensions().values()) & Image.OPEN.keys() - REFUSED
    return tuple(sorted(named, key=lambda name: (name not in ("JPEG", "PNG", "WEBP"), name)))


def _decoded(image: Image.Image, form: Form) -> Picture:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise UnusableError(f"{image.width}x{image.height} pixels are too many")
    whole, enough = image.size, DRAFT * max(form.height, form.width)
    reduced = image.draft(None, (enough, enough)) is not None
    image.load()  # before the orientation is read: PIL turns some files itself
    orientation = _orientation(image)
    pixels = np.array(_fitted(image, form, orientation).convert(MODES[form.channels]))
    if form.background == KEEP:
        pixels[pixels[:, :, 3] == 0] = 0  # invisible colours are not worth learning
    size = _upright(whole if reduced else image.size, orientation)
    shape = (form.height, form.width, form.channels)
    return Picture(pixels.reshape(shape).transpose(2, 0, 1).tobytes(), *size)


def _orientation(image: Image.Image) -> int:
    """EXIF's number; 1 (upright) if its EXIF is damaged, since the pixels may be intact."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1
    return orientation if orientation in TURNS else 1


def _upright(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(width, height) of an image of this size once it is upright."""
    return (size[1], size[0]) if orientation in SIDEWAYS else size


def _fitted(image: Image.Image, form: Form, orientation: int) -> Image.Image:
    """The image in the form's size, upright."""
    size = _upright((form.width, form.height), orientation)  # in the file's orientation
    eight_bits = _eight_bits(image, form.background)
    if form.fit == "pad":
        fitted = _padded(eight_bits, size, form.background)
    elif form.fit == "stretch":
        fitted = eight_bits.resize(size, Image.Resampling.LANCZOS)
    else:
        fitted = ImageOps.fit(eight_bits, size, Image.Resampling.LANCZOS)
    turn = TURNS.get(orientation)
    return fitted if turn is None else fitted.transpose(turn)


def _padded(image: Image.Image, size: tuple[int, int], background: str) -> Image.Image:
    """The whole image, as large as possible, centred on a background; kept alpha is 0 there.

    PIL's `ImageOps.pad` fails on images so long that they become less than a pixel wide.
    """
    scale = min(size[0] / image.width, size[1] / image.height)
    width, height = (max(1, round(scale * side)) for side in image.size)
    inner = image.resize((width, height), Image.Resampling.LANCZOS)
    keeps = background == KEEP
    canvas = Image.new("RGBA", size) if keeps else Image.new("RGB", size, background)
    canvas.paste(inner.convert(canvas.mode), ((size[0] - width) // 2, (size[1] - height) // 2))
    return canvas


def _eight_bits(image: Image.Image, background: str) -> Image.Image:
    """The image in mode L or RGB, without a palette or wide values; RGBA if alpha is kept."""
    if image.mode == "F":
        raise UnusableError("floating-point pixels without a stated range")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _scaled(np.asarray(image))
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        return clear if background == KEEP else on_background(clear, background)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _scaled(values: np.ndarray) -> Image.Image:
    """Integers from 0 to 65,535 -> grey from 0 to 255, rounded."""
    if values.min() < 0 or values.max() > 65_535:
        raise UnusableError("32-bit pixels beyond the range of 16 bits")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def on_background(image: Image.Image, colour: str = WHITE) -> Image.Image:
    """Blend an RGBA image on a colour."""
    opaque = Image.new("RGB", image.size, colour)
    opaque.paste(image, mask=image.getchannel("A"))
    return opaque


def _reason(error: Exception) -> str:
    """The reason why a file is unusable, in a few words."""
    if isinstance(error, OSError) and error.errno is not None:
        return (error.strerror or "cannot be read").lower()
    if isinstance(error, UnidentifiedImageError):
        return "not an image in a known format"
    if isinstance(error, Image.DecompressionBombError):
        return "too many pixels"
    text = one_line(error)
    return "truncated" if "truncated" in text.lower() else text[:80]
