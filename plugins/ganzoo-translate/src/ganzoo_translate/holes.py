"""Holes in pictures: fixed boxes by name, and shapes that are drawn anew for each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo_translate.errors import TranslateError

#: Top, left, bottom and right as shares of the height and the width.
Box: TypeAlias = Sequence[float]
#: Draws [N, DRAWS] in [0, 1), height, width -> bool [N, H, W], true in the hole.
Shape: TypeAlias = Callable[[Tensor, int, int], Tensor]

#: Random numbers of a hole.
DRAWS = 12
BOXES: Mapping[str, Box] = {
    "top": (0, 0, 0.5, 1),
    "bottom": (0.5, 0, 1, 1),
    "left": (0, 0, 1, 0.5),
    "right": (0, 0.5, 1, 1),
    "half": (0, 0.5, 1, 1),
    "centre": (0.25, 0.25, 0.75, 0.75),
}
#: Strokes of a hole, and their width as a share of the lesser side.
STROKES, THICKNESS = 3, 0.12


def box_of(name: str, box: Box) -> tuple[float, float, float, float]:
    """A box, checked: `TranslateError` unless it is four shares, with an inside."""
    described = f"{name} is top, left, bottom, right as shares from 0 to 1"
    if isinstance(box, str) or not isinstance(box, Sequence):
        raise TranslateError(f"{described}, found {box!r}")
    numbers = all(isinstance(share, int | float) and 0 <= share <= 1 for share in box)
    if len(box) != 4 or not numbers:
        raise TranslateError(f"{described}, found {list(box)}")
    top, left, bottom, right = box
    if not (top < bottom and left < right):
        raise TranslateError(f"{described}, and covers nothing: found {list(box)}")
    return top, left, bottom, right


def shapes_of(holes: Sequence[str], boxes: Mapping[str, Box]) -> dict[str, Shape]:
    """The shapes of these names; `TranslateError` lists what there is."""
    known: dict[str, Shape] = {**DRAWN, **{n: boxed(n, box) for n, box in BOXES.items()}}
    known |= {name: boxed(name, box) for name, box in boxes.items()}
    if not holes:
        raise TranslateError(f"holes is a list of names, found none; there are {', '.join(known)}")
    for name in holes:
        if name not in known:
            raise TranslateError(f"there is no hole {name!r}; there are {', '.join(known)}")
    return {name: known[name] for name in holes}


def shape_asked(asked: str, boxes: Mapping[str, Box]) -> Shape:
    """What a user asks for: a hole by name, a box, or a picture that is white where the hole is."""
    if "," in asked:
        try:
            shares = [float(share) for share in asked.split(",")]
        except ValueError:
            shares = []
        return boxed(asked, shares)
    if Path(asked).suffix:
        return painted(Path(asked).expanduser())
    return shapes_of([asked], boxes)[asked]


def painted(path: Path) -> Shape:
    """The shape of a black and white picture, resized to the pictures'."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            grey = image.convert("L")
    except (OSError, SyntaxError, ValueError) as error:
        raise TranslateError(f"the mask {path} cannot be read: {error}") from error

    def shape(draws: Tensor, height: int, width: int) -> Tensor:
        pixels = bytearray(grey.resize((width, height), Image.Resampling.BOX).tobytes())
        hole = torch.frombuffer(pixels, dtype=torch.uint8).view(height, width) > 127
        return hole.to(draws.device).expand(len(draws), -1, -1)

    return shape


def boxed(name: str, box: Box) -> Shape:
    """The shape of a fixed box."""
    top, left, bottom, right = box_of(name, box)

    def shape(draws: Tensor, height: int, width: int) -> Tensor:
        hole = torch.zeros(height, width, dtype=torch.bool, device=draws.device)
        rows = slice(round(top * height), round(bottom * height))
        hole[rows, round(left * width) : round(right * width)] = True
        return hole.expand(len(draws), -1, -1)

    return shape


def rectangle(draws: Tensor, height: int, width: int) -> Tensor:
    """A box of a quarter to a half of each side, anywhere (Pathak et al. 2016, section 3.3)."""
    y, x = _axes(height, width, draws.device)
    tall, wide = height * (1 + draws[:, 0]) / 4, width * (1 + draws[:, 1]) / 4
    top, left = draws[:, 2] * (height - tall), draws[:, 3] * (width - wide)
    top, left, tall, wide = (value[:, None, None] for value in (top, left, tall, wide))
    return (y >= top) & (y < top + tall) & (x >= left) & (x < left + wide)


def strokes(draws: Tensor, height: int, width: int) -> Tensor:
    """Thick lines between random points: all that is near a segment."""
    y, x = _axes(height, width, draws.device)
    hole = torch.zeros(len(draws), height, width, dtype=torch.bool, device=draws.device)
    for ends in torch.split(draws[:, : 4 * STROKES], 4, 1):
        from_y, from_x, to_y, to_x = (one[:, None, None] for one in ends.unbind(1))
        from_y, to_y, from_x, to_x = from_y * height, to_y * height, from_x * width, to_x * width
        down, across = to_y - from_y, to_x - from_x
        share = (y - from_y) * down + (x - from_x) * across
        share = (share / (down.square() + across.square()).clamp_min(1e-6)).clamp(0, 1)
        away = (y - from_y - share * down).square() + (x - from_x - share * across).square()
        hole |= away < (THICKNESS * min(height, width)) ** 2
    return hole


def _axes(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The centres of pixels: [1, H, 1] and [1, 1, W]."""
    y = torch.arange(height, device=device)[None, :, None] + 0.5
    x = torch.arange(width, device=device)[None, None, :] + 0.5
    return y, x


#: Holes that differ from row to row.
DRAWN: Mapping[str, Shape] = {"box": rectangle, "strokes": strokes}
