"""Pairs that people bring: two folders by name, wide pictures, or two sets that are not paired."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import torch
from PIL import Image
from torch import Tensor

from ganzoo import Dataset
from ganzoo.datasets import load, paths_of
from ganzoo.layers import Size
from ganzoo_translate.counted import uniform
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.naming import Named
from ganzoo_translate.splits import check_split, extractors_for, held_out, part_of

#: Names that an error lists.
LISTED = 3
SIDES = ("left", "right")


class FolderPairs(Dataset):
    """The pictures below `targets`, each with the one of the same name below `inputs`.

    Endings may differ. `size` and `channels` are the targets'; inputs have the same size, and
    `condition_channels` (by default as many). A tenth of the pairs is held out for the test.
    """

    def __init__(
        self,
        inputs: str,
        targets: str,
        size: Size,
        channels: int,
        condition_channels: int | None = None,
        split: str = "train",
    ) -> None:
        check_split(split)
        form = {"size": size, "strict": True}
        self.targets = load("folder", path=targets, channels=channels, **form)
        self.inputs = load("folder", path=inputs, channels=condition_channels or channels, **form)
        partners = paired_by_name(paths_of(self.inputs), paths_of(self.targets))
        check_shapes(partners, Path(inputs).expanduser(), Path(targets).expanduser())
        rows = held_out(len(partners), split, targets)
        self.target_rows = rows
        number = {path: row for row, path in enumerate(paths_of(self.inputs))}
        self.input_rows = torch.tensor([number[one] for one, _ in partners])[rows]
        self.sample_shape = tuple(self.targets.sample_shape)
        self.condition_shape = tuple(self.inputs.sample_shape)
        self.summary = f"{len(partners):,} pairs; {_summary_of(self.inputs, self.targets)}"

    @property
    def extractor(self) -> str | None:  # type: ignore[override]
        """The extractor of the targets' data set."""
        return extractors_for(self.targets, self.target_rows)[0]

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """The control of the targets' data set."""
        return extractors_for(self.targets, self.target_rows)[1]

    def __len__(self) -> int:
        return len(self.target_rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> targets float32 [N, C, H, W] and inputs [N, C', H, W]."""
        places = indices.cpu()
        targets, _ = self.targets.batch(self.target_rows[places])
        return targets, self.inputs.batch(self.input_rows[places])[0]

    def to(self, device: torch.device) -> None:
        """Move the pictures to the device if they fit there."""
        self.targets.to(device)
        self.inputs.to(device)

    def content_hash(self) -> str:
        """Of both folders' pictures and the rows."""
        return _hash_of([self.targets, self.inputs], [self.target_rows, self.input_rows])


class SideBySide(Dataset):
    """Input and target side by side in one picture, as in the data sets of pix2pix.

    `size` is that of either; the pictures are twice as wide. `target` is the side of the target,
    left or right; the other one is the condition. A tenth of the pictures is held out for the test.
    """

    def __init__(
        self, path: str, size: Size, channels: int, target: str = "right", split: str = "train"
    ) -> None:
        check_split(split)
        if target not in SIDES:
            raise TranslateError(f"target is left or right, found {target!r}")
        height, width = (size, size) if isinstance(size, int) else size
        self.wide = load(
            "folder", path=path, size=[height, 2 * width], channels=channels, strict=True
        )
        for name in paths_of(self.wide):
            _check_wide(Path(path).expanduser() / name, height, width)
        self.rows, self.target = held_out(len(self.wide), split, path), target
        self.sample_shape = self.condition_shape = (channels, height, width)
        self.summary = self.wide.summary

    @property
    def extractor(self) -> str | None:  # type: ignore[override]
        """The extractor of the pictures' data set."""
        return extractors_for(self.wide, self.rows)[0]

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """The control of the pictures' data set."""
        return extractors_for(self.wide, self.rows)[1]

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> targets and inputs, float32 [N, C, H, W] each."""
        left, right = self.wide.batch(self.rows[indices.cpu()])[0].chunk(2, 3)
        left, right = left.contiguous(), right.contiguous()
        return (right, left) if self.target == "right" else (left, right)

    def to(self, device: torch.device) -> None:
        """Move the pictures to the device if they fit there."""
        self.wide.to(device)

    def content_hash(self) -> str:
        """Of the pictures, the rows and the side."""
        return _hash_of([self.wide], [self.rows], self.target)


class Unpaired(Dataset):
    """Samples of the data set `targets`, each with any picture of `inputs` as its condition.

    Both are names, `folder:PATH`, or `{"name": ..., "arguments": {...}}`; `size` and `channels` are
    passed on to both. In training each target appears `variants` times, with another input each
    time; among the test samples each input appears once.
    """

    paired = False

    def __init__(
        self,
        inputs: Named,
        targets: Named,
        split: str = "train",
        variants: int = 16,
        size: Size | None = None,
        channels: int | None = None,
    ) -> None:
        if type(variants) is not int or variants < 1:
            raise TranslateError(f"variants is a whole number of 1 or more, found {variants!r}")
        self.inputs, self.input_rows = part_of(inputs, split, size, channels)
        self.targets, self.target_rows = part_of(targets, split, size, channels)
        self.sample_shape = tuple(self.targets.sample_shape)
        self.condition_shape = tuple(self.inputs.sample_shape)
        for of, data in (("inputs", self.inputs), ("targets", self.targets)):
            if len(data.sample_shape) != 3:
                raise TranslateError(f"the {of} are no pictures: {data.kind}")
        self.split, self.variants = split, variants
        self.copies = variants if split == "train" else 1
        self.summary = _summary_of(self.inputs, self.targets)

    @property
    def extractor(self) -> str | None:  # type: ignore[override]
        """The extractor of the targets' data set."""
        return self.targets.extractor

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """The control of the targets' data set."""
        return self.targets.control

    def __len__(self) -> int:
        if self.split == "test":
            return len(self.input_rows)
        return self.variants * len(self.target_rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> targets float32 [N, C, H, W] and inputs [N, C', H, W]."""
        places = indices.cpu()
        if self.split == "test":
            chosen = places
        else:
            chosen = (uniform(places, 1)[:, 0] * len(self.input_rows)).long()
        targets, _ = self.targets.batch(self.target_rows[places % len(self.target_rows)])
        return targets, self.inputs.batch(self.input_rows[chosen])[0]

    def to(self, device: torch.device) -> None:
        """Move the pictures to the device if they fit there."""
        self.targets.to(device)
        self.inputs.to(device)

    def content_hash(self) -> str:
        """Of both sets' pictures and the rows."""
        rows = [self.target_rows, self.input_rows]
        return _hash_of([self.targets, self.inputs], rows, f"{self.split} {self.variants}")


def paired_by_name(inputs: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """(input, target) of equal names without their endings, in the targets' order."""
    named: dict[str, str] = {}
    for path in inputs:
        if (stem := _stem(path)) in named:
            raise TranslateError(f"two inputs have one name: {named[stem]} and {path}")
        named[stem] = path
    stems = [_stem(path) for path in targets]
    if len(set(stems)) < len(stems):
        twice = next(stem for stem in stems if stems.count(stem) > 1)
        raise TranslateError(f"two targets have one name: {twice}")
    alone = sorted({*named} ^ {*stems})
    if alone:
        raise TranslateError(
            f"{len(inputs)} inputs and {len(targets)} targets: {len(alone)} have no partner of "
            f"their name: {', '.join(alone[:LISTED])}{', ...' if len(alone) > LISTED else ''}"
        )
    return [(named[stem], path) for stem, path in zip(stems, targets, strict=True)]


def check_shapes(partners: Sequence[tuple[str, str]], inputs: Path, targets: Path) -> None:
    """Refuse partners of different proportions: cropped in the middle, they would not match."""
    if not (inputs.is_dir() and targets.is_dir()):
        return  # in a zip
    for one, other in partners:
        (width, height), (wide, high) = (_size(inputs / one), _size(targets / other))
        if width * high != height * wide:
            raise TranslateError(
                f"{inputs / one} is {width}x{height} and its partner {targets / other} "
                f"{wide}x{high}; give pairs of equal proportions"
            )


def _check_wide(path: Path, height: int, width: int) -> None:
    """Refuse a picture that is not two of the asked proportions side by side."""
    if not path.is_file():
        return  # in a zip
    wide, high = _size(path)
    if wide % 2 or wide // 2 * height != high * width:
        raise TranslateError(
            f"{path} is {wide}x{high}; two pictures of {width}x{height} side by side, or a "
            f"multiple of it, are {2 * width}x{height}"
        )


def _size(path: Path) -> tuple[int, int]:
    """The (width, height) of a picture, from its first bytes."""
    with Image.open(path) as image:
        return image.size


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _summary_of(inputs: Dataset, targets: Dataset) -> str:
    """What was read of both sets, where they say it."""
    said = {"inputs": inputs.summary, "targets": targets.summary}
    return "; ".join(f"{of}: {line}" for of, line in said.items() if line)


def _hash_of(sets: Sequence[Dataset], rows: Sequence[Tensor], also: str = "") -> str:
    digest = hashlib.sha256(also.encode())
    for data in sets:
        digest.update(data.content_hash().encode())
    for numbers in rows:
        digest.update(numbers.numpy().data)
    return digest.hexdigest()
