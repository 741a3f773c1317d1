"""Sides and channels of the feature maps between an image and a network's smallest map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

#: The side of a square, or [height, width]; in pixels.
Size: TypeAlias = int | Sequence[int]


def halved_sides(size: Size, lesser: Sequence[int], smallest: int = 4) -> list[tuple[int, int]]:
    """(height, width) of the maps from the image down, each half of the one before, rounded up.

    The lesser side of the image is one of `lesser`, that of the last map `smallest`; the greater
    side is even. `ValueError` for other sizes.
    """
    maps = [_image_sides(size, lesser)]
    while min(maps[-1]) > smallest:
        height, width = maps[-1]
        maps.append(((height + 1) // 2, (width + 1) // 2))
    return maps


def _image_sides(size: Size, lesser: Sequence[int]) -> tuple[int, int]:
    """(height, width) of a size."""
    pair = tuple(size) if isinstance(size, list | tuple) else (size, size)
    if len(pair) == 2 and all(isinstance(side, int) for side in pair):
        small, great = sorted(pair)
        if small in lesser and great % 2 == 0:
            return pair
    hint = "" if pair == (size, size) else ", or [height, width]: one of these, the longer one even"
    raise ValueError(f"size is one of {', '.join(map(str, lesser))}{hint}, found {size!r}")


def halving_kernel(sides: tuple[int, int]) -> tuple[int, int]:
    """The kernel that, with stride 2 and padding 1, halves a map of these sides or doubles to it.

    4 for an even side and 3 for an odd one, which is rounded up: 7 and 4.
    """
    height, width = (4 if side % 2 == 0 else 3 for side in sides)
    return height, width


def doubled_sides(size: int, largest: int, bases: Sequence[int] = (4, 7)) -> list[int]:
    """Sides of square maps from a base up to the image's, each twice the one before.

    The bases are 4, as in most papers, and 7 for MNIST's 28 pixels. `ValueError` for other sizes.
    """
    ladders = []
    for base in bases:
        sides = [base]
        while sides[-1] * 2 <= largest:
            sides.append(sides[-1] * 2)
        if size in sides[1:]:
            return sides[: sides.index(size) + 1]
        ladders += sides[1:]
    known = ", ".join(map(str, sorted(ladders)))
    raise ValueError(f"size is one of {known}, found {size!r}")


def stage_widths(widths: int | Sequence[int], sides: Sequence[int]) -> list[int]:
    """Channels of each stage, one for each of the sides: one number for all, or a list."""
    channels = [widths] * len(sides) if isinstance(widths, int) else list(widths)
    if len(channels) != len(sides):
        raise ValueError(
            f"widths is one number, or one for each of the {len(sides)} sides "
            f"{', '.join(map(str, sides))}; found {len(channels)}"
        )
    if min(channels) < 1:
        raise ValueError(f"widths are 1 or more, found {channels}")
    return channels
