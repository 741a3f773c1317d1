"""Finding pictures that occur twice in a data set, or nearly so."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo.data.packing.archive import File, size_of
from ganzoo.interfaces import Dataset

#: Bits of two difference hashes that may differ in nearly equal pictures.
NEAR_BITS = 3
#: How far the small colour copies of nearly equal pictures are apart on average, in [-1, 1].
NEAR_COLOURS = 0.04
#: Differences in brightness up to this are noise of JPEG, in [-1, 1].
FLAT = 0.02
#: Pictures compared with all others at a time.
BLOCK = 1024


def same_files(files: Sequence[File]) -> list[list[int]]:
    """Groups of files that are equal byte for byte, by number; of equal sizes only are read."""
    of_size: dict[int, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        of_size[size_of(file)].append(number)
    of_bytes: dict[str, list[int]] = defaultdict(list)
    for alike in of_size.values():
        for number in alike if len(alike) > 1 else []:
            with files[number].open("rb") as opened:
                of_bytes[hashlib.file_digest(opened, "sha256").hexdigest()].append(number)
    return [group for group in of_bytes.values() if len(group) > 1]


def near_duplicates(data: Dataset, count: int) -> list[list[int]]:
    """Groups of the first `count` pictures that are nearly equal, by number.

    Difference hashes of 8x8 bits find candidates. Since many drawings on a plain background share
    a hash, small copies of the pictures must agree in their colours too.
    """
    hashes, copies = map(torch.cat, zip(*_small(data, count), strict=True))
    groups = _Groups(count)
    for start in range(0, count, BLOCK):
        rows = hashes[start : start + BLOCK]
        agreeing = rows @ hashes.T  # 64 - 2 x the bits that differ
        for row, other in (agreeing >= 64 - 2 * NEAR_BITS).nonzero().tolist():
            here = start + row
            if other > here and (copies[here] - copies[other]).abs().mean() < NEAR_COLOURS:
                groups.join(here, other)
    return groups.listed()


def _small(data: Dataset, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Difference hashes [N, 64] of -1 and 1, and small colour copies [N, C, 8, 8]."""
    for start in range(0, count, BLOCK):
        images, _ = data.batch(torch.arange(start, min(start + BLOCK, count)))
        images = images.cpu()
        grey = adaptive_avg_pool2d(images[:, :3].mean(1, keepdim=True), (8, 9))
        brighter = grey[..., 1:] > grey[..., :-1] + FLAT
        yield brighter.flatten(1).float() * 2 - 1, adaptive_avg_pool2d(images, 8)


class _Groups:
    """Numbers that are joined pair by pair into groups."""

    def __init__(self, count: int) -> None:
        self._first = list(range(count))

    def join(self, one: int, other: int) -> None:
        """Put two numbers into one group."""
        low, high = sorted((self._root(one), self._root(other)))
        self._first[high] = low

    def listed(self) -> list[list[int]]:
        """The groups of two and more."""
        members: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._first)):
            members[self._root(number)].append(number)
        return [group for group in members.values() if len(group) > 1]

    def _root(self, number: int) -> int:
        while self._first[number] != number:
            number = self._first[number]
        return number


def without(groups: Sequence[list[str]], known: Sequence[list[str]]) -> list[list[str]]:
    """The groups that say more than the known ones."""
    sets = [set(group) for group in known]
    return [group for group in groups if not any(set(group) <= other for other in sets)]
