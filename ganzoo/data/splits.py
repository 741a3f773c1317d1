"""Training and test samples of a data set: its own split, or two random halves."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.build import build, taken_arguments
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive
from ganzoo.specs import Part


class Half(Dataset):
    """A random half of a data set that has no split."""

    def __init__(self, whole: Dataset, first: int) -> None:
        self.whole, self.rows = whole, drawn_once(whole, len(whole))[first::2]
        self.sample_shape, self.num_classes = whole.sample_shape, whole.num_classes
        self.condition_shape, self.paired = whole.condition_shape, whole.paired
        self.kind, self.value_range, self.legend = whole.kind, whole.value_range, whole.legend

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Indices [N] of this half -> samples float32 [N, *S], labels."""
        return self.whole.batch(self.rows[indices])


def splits(part: Part) -> tuple[Dataset, Dataset]:
    """Training and test samples: the data set's own split, else two random halves."""
    if has_split(part):
        return split_of(part, "train"), split_of(part, "test")
    whole = build(Dataset, part)
    return Half(whole, 0), Half(whole, 1)


def test_samples(part: Part) -> Dataset:
    """The second of `splits`, without building the first."""
    return split_of(part, "test") if has_split(part) else Half(build(Dataset, part), 1)


def has_split(part: Part) -> bool:
    """Whether a data set takes the argument `split`."""
    return "split" in taken_arguments(Dataset, part)


def split_of(part: Part, split: str) -> Dataset:
    """A data set's own `train` or `test` samples, in place of the split that its part has."""
    return build(Dataset, Part(part.name, {**part.arguments, "split": split}))


def drawn(data: Dataset, n: int) -> Tensor:
    """Indices int64 of n samples in a fixed random order; of all samples if there are fewer.

    Not every k-th: every sixth of MNIST's training digits is not a fair sample (docs/log.md).
    """
    return _shuffled(len(data), n)


def drawn_once(data: Dataset, n: int) -> Tensor:
    """The same without the copies of a sample, which say nothing new about how samples look."""
    return _shuffled(distinct(data), n)


def distinct(data: Dataset) -> int:
    """How many samples a data set has without their copies."""
    return len(data) // data.copies


def _shuffled(length: int, n: int) -> Tensor:
    rng = torch.Generator().manual_seed(derive("real samples", length))
    return torch.randperm(length, generator=rng)[:n]
