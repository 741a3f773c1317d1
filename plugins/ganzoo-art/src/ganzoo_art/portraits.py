"""Drawn portraits with known attributes: pixel art, and faces of 64 pixels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import one_hot

from ganzoo_art.sheets import (
    DATA,
    TEST_SHARE,
    ArtError,
    Drawings,
    check_size,
    is_test,
    lot,
    read_sheets,
)

NONE = "none"


def names_of_values(folder: str) -> dict[str, tuple[str, ...]]:
    """The names of each attribute's values; empty for the colour of an absent thing.

    Whether the thing is there is asked of the thing.
    """
    values, _ = read_attributes(DATA / folder)
    return {name: _without_absent_colours(name, values) for name in values}


def _without_absent_colours(name: str, values: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    thing = name.removesuffix("Color")
    of_thing = thing != name and NONE in values.get(thing, ())
    return tuple("" if of_thing and one == NONE else one for one in values[name])


@cache
def read_attributes(folder: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, Tensor]]:
    """Attributes by name: the names of their values, and each drawing's value as int64 [M].

    The colour of an absent thing is "none". An attribute with a single value is left out.
    """
    about = json.loads((folder / "attributes.json").read_text(encoding="utf-8"))
    table = load_file(folder / "attributes.safetensors")["attributes"].long()
    numbers = dict(zip(about["columns"], table.unbind(1), strict=True))
    values = {name: tuple(about["values"][name]) for name in numbers}
    for name in numbers:
        thing = name.removesuffix("Color")
        if thing != name and NONE in values.get(thing, ()):
            absent = numbers[thing] == values[thing].index(NONE)
            numbers[name] = numbers[name].masked_fill(absent, len(values[name]))
            values[name] += (NONE,)
    kept = [name for name in numbers if len(values[name]) > 1]
    return {name: values[name] for name in kept}, {name: numbers[name] for name in kept}


@cache
def rows_of_test(folder: str, total: int, twins: tuple[tuple[int, int], ...]) -> Tensor:
    """Which portraits are in the test split, bool [total]; twins are in the same split."""
    known = dict(twins)
    first = (known.get(row, row) for row in range(total))
    return torch.tensor([lot(f"{folder} {row}") < TEST_SHARE for row in first])


class Portraits(Drawings):
    """Portraits [3, size, size], optionally with attributes.

    `attribute` makes the values of one attribute the labels. `attributes` makes those of several
    attributes the conditions, float32 [K]: one-hot for each attribute, in the given order.
    `condition_names` names the K entries, such as "glasses=none"; `values` lists all attributes.
    `split` depends on a hash of the portrait's number; equal pictures are in the same split.
    """

    #: The folder of the sheets, the sizes (the first is the sheets' own), and equal pictures.
    folder: ClassVar[str]
    sizes: ClassVar[tuple[int, ...]]
    twins: ClassVar[dict[int, int]] = {}

    def __init__(
        self,
        split: str = "train",
        size: int | None = None,
        attribute: str | None = None,
        attributes: Sequence[str] | None = None,
    ) -> None:
        size = check_size(self.folder, self.sizes[0] if size is None else size, self.sizes)
        self.values, numbers = read_attributes(DATA / self.folder)
        asked = self._check(attribute, attributes)
        mine = self._rows(split, len(next(iter(numbers.values()))))
        labels = [numbers[name][mine] for name in asked]
        drawings = read_sheets(DATA / self.folder, self.sizes[0], 3, mine, size)
        if attribute is not None:
            super().__init__(drawings, labels[0])
            self.class_names = self.values[attribute]
            self.num_classes = len(self.class_names)
        elif asked:
            codes = [one_hot(t, len(self.values[n])) for n, t in zip(asked, labels, strict=True)]
            super().__init__(drawings, torch.cat(codes, 1).float())
            self.condition_names = tuple(f"{n}={v}" for n in asked for v in self.values[n])
            self.condition_shape = (len(self.condition_names),)
        else:
            super().__init__(drawings)

    def _rows(self, split: str, total: int) -> Tensor:
        """Which portraits are in a split, bool [total]."""
        in_test = rows_of_test(self.folder, total, tuple(self.twins.items()))
        return in_test if is_test(split) else ~in_test

    def _check(self, attribute: str | None, attributes: Sequence[str] | None) -> list[str]:
        """The requested attributes, checked."""
        if attribute is not None and attributes is not None:
            raise ArtError("attribute gives labels and attributes conditions: name one of the two")
        if attributes is not None and (isinstance(attributes, str) or not attributes):
            raise ArtError(f"attributes is a list of names, found {attributes!r}")
        asked = [attribute] if attribute is not None else list(attributes or ())
        for name in asked:
            if name not in self.values:
                there = ", ".join(self.values)
                raise ArtError(f"{self.folder} has no attribute {name!r}; there are {there}")
        if len(set(asked)) < len(asked):
            raise ArtError(f"attributes names one twice: {', '.join(asked)}")
        return asked


class PixelFaces(Portraits):
    """60,000 portraits in pixel art, 16x16; at `size` 32 each pixel is a square of four.

    Drawn with DiceBear's pixel-art (CC0 1.0).
    """

    folder, extractor, control = "pixel-faces", "cnn-pixel-faces", "ae-pixel-faces"
    sizes = (16, 32)


class Faces(Portraits):
    """24,000 portraits, 64x64; at `size` 32 each pixel is the mean of four.

    Drawn with DiceBear's adventurer, a remix of "Adventurer" by Lisa Wischofsky (CC BY 4.0): she is
    named with every copy of the pictures and every work made from them.
    """

    folder, extractor, control = "faces", "cnn-faces", "ae-faces"
    sizes = (64, 32)
    twins: ClassVar[dict[int, int]] = {15306: 11037}
    attribution = (
        'Made from portraits drawn with DiceBear\'s adventurer, a remix of "Adventurer" by Lisa '
        "Wischofsky, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
    )
