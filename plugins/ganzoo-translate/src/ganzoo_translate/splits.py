"""The training and test pictures of a data set that is named within another's arguments."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Dataset
from ganzoo.datasets import has_split, load
from ganzoo.layers import Size
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.naming import Named, name_and_arguments

#: The share of pictures that are held out of a set that has no split of its own.
TEST_SHARE = 0.1
#: The fewest pictures of which some can be held out.
FEWEST = 10
#: The fewest test pictures whose features can be compared: coverage looks at five neighbours.
FEWEST_IN_FEATURES = 6
SPLITS = ("train", "test")


def check_split(split: str) -> None:
    """Refuse anything but train and test."""
    if split not in SPLITS:
        raise TranslateError(f"split is 'train' or 'test', found {split!r}")


def part_of(
    of: Named, split: str, size: Size | None = None, channels: int | None = None
) -> tuple[Dataset, Tensor]:
    """A data set, and the rows of it that are in a split; its own split if it has one."""
    check_split(split)
    name, arguments = name_and_arguments("of", of)
    asked = {"size": size, "channels": channels}
    arguments |= {key: value for key, value in asked.items() if value is not None}
    if name == "folder" and not {"size", "channels"} <= arguments.keys():
        raise TranslateError(
            "pictures of a folder need size and channels, such as "
            "--set data.arguments.size=64 --set data.arguments.channels=3"
        )
    if has_split(name):
        whole = load(name, **{**arguments, "split": split})
        return whole, torch.arange(len(whole))
    whole = load(name, **arguments)
    return whole, held_out(len(whole), split, str(arguments.get("path", name)))


def extractors_for(whole: Dataset, rows: Tensor) -> tuple[str | None, str | None]:
    """The extractor and the control of a set, of which these rows are in a split.

    None where a tenth of it is too few to compare features; figures of pairs, such as PSNR, remain.
    """
    has_own_split = len(rows) == len(whole)
    if not has_own_split and round(TEST_SHARE * len(whole)) < FEWEST_IN_FEATURES:
        return None, None
    return whole.extractor, whole.control


def held_out(length: int, split: str, name: str) -> Tensor:
    """The rows of a split of a set that has none: a tenth of them, at random, are for the test."""
    if length < FEWEST:
        raise TranslateError(
            f"{name} holds {length} pictures, too few to hold out a test; give {FEWEST} or more"
        )
    rng = torch.Generator().manual_seed(length)
    order, count = torch.randperm(length, generator=rng), round(TEST_SHARE * length)
    return (order[:count] if split == "test" else order[count:]).sort().values
