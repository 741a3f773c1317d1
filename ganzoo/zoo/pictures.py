"""Samples as pictures of the Python Imaging Library, for people and notebooks."""

from __future__ import annotations

import io

from PIL import Image
from torch import Tensor

from ganzoo.cards import Card
from ganzoo.data.devices import as_bytes
from ganzoo.errors import UsageError
from ganzoo.writers import images as writer

#: A picture narrower than this is enlarged in a notebook, pixel by pixel.
NARROW = 256


def are_pictures(card: Card) -> bool:
    """Whether a model's samples are images."""
    return card.require_config().kind == "image"


def images(samples: Tensor, card: Card) -> list[Image.Image]:
    """Samples [N, C, H, W] in [-1, 1] as images: grey, RGB or RGBA."""
    _refuse_others(card)
    return [writer.picture_of(pixels) for pixels in as_bytes(samples)]


def grid(samples: Tensor, card: Card, columns: int | None = None) -> Image.Image:
    """Samples [N, C, H, W] in [-1, 1] in one image."""
    _refuse_others(card)
    columns = columns or writer.columns_for(len(samples), *samples.shape[2:])
    return writer.picture_of(writer.grid(as_bytes(samples), columns))


def png(picture: Image.Image) -> bytes:
    """A picture's PNG file, a narrow picture enlarged."""
    factor = max(1, NARROW // picture.width)
    enlarged = picture.resize(
        (factor * picture.width, factor * picture.height), Image.Resampling.NEAREST
    )
    file = io.BytesIO()
    enlarged.save(file, format="PNG")
    return file.getvalue()


def _refuse_others(card: Card) -> None:
    kind = card.require_config().kind
    if kind != "image":
        raise UsageError(f"{card.name} draws {kind}, not images; use sample")
