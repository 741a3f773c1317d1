"""Samples as pictures of the Python Imaging Library, for people and notebooks."""

from __future__ import annotations

import io
from dataclasses import fields

from PIL import Image
from torch import Tensor

from ganzoo.cards import Card
from ganzoo.cards.page import figures
from ganzoo.data.devices import as_bytes
from ganzoo.errors import UsageError
from ganzoo.notebooks import image, paragraph, table
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


def about(card: Card, picture: bytes | None) -> str:
    """A model for a notebook: what its card says in a few lines, and a picture's PNG file."""
    config = card.require_config()
    parts = [paragraph(config.description, title=card.name)]
    if config.licenses is not None:
        named = (f"{f.name} {getattr(config.licenses, f.name)}" for f in fields(config.licenses))
        parts.append(paragraph(f"licences: {', '.join(named)}"))
    if config.metrics:
        header, rows = figures(config.metrics)
        parts.append(table(header, rows))
    if picture is not None:
        parts.append(image(picture))
    return "".join(parts)


def _refuse_others(card: Card) -> None:
    kind = card.require_config().kind
    if kind != "image":
        raise UsageError(f"{card.name} draws {kind}, not images; use sample")
