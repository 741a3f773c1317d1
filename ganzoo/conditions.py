"""Conditions: inputs of a generator that are not classes, such as the picture that it translates.

In a data set with a `condition_shape` C, each sample has a condition. A model keeps a few of them
in `conditions.safetensors`, so that it can be sampled without the data set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.build import is_here
from ganzoo.data.splits import drawn, has_split, split_of, test_samples
from ganzoo.errors import DataError, UsageError, WeightsError
from ganzoo.files import written_whole
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive
from ganzoo.specs import FileRecord, Part
from ganzoo.weights import read_tensors, tensor_bytes

#: Conditions that a model keeps: as many as a block of samples.
OWN = 64
#: Conditions for recomputing batch statistics, and the most bytes that they may take in a run's
#: folder; of large conditions it keeps fewer.
CALIBRATION, CALIBRATION_BYTES = 2048, 64 * 1024 * 1024


class Rows:
    """Rows [n, *C] that `take` makes when a slice is read, so that not all are held at once."""

    def __init__(self, take: Callable[[Tensor], Tensor], numbers: Tensor) -> None:
        self._take, self._numbers = take, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, where: slice) -> Tensor:
        return self._take(self._numbers[where])


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions that a model samples with, and those for recomputing batch statistics.

    `own` [M, *C] are those of test samples if the data set has any, or those that it gives
    (`Dataset.kept_conditions`), at most 64; `targets` [M, *S]
    are the samples that belong to them in a paired data set. `calibration` [L, *C] are those of
    training samples.
    """

    own: Tensor
    calibration: Tensor
    targets: Tensor | None = None

    def in_circle(self, n: int) -> Rows:
        """N conditions: the model's own in rotation."""
        return in_circle(self.own, n)


def in_circle(conditions: Tensor, n: int) -> Rows:
    """Conditions [M, *C] in rotation: row i is number i modulo M."""
    return Rows(conditions.__getitem__, torch.arange(n) % len(conditions))


def conditions_of(part: Part, data: Dataset) -> Conditions:
    """The conditions of a model that is trained on `data`, which is a part's training samples."""
    unseen = split_of(part, "test") if has_split(part) else data
    own, targets = own_of(unseen)
    each = 4 * prod(data.condition_shape or ())
    count = min(CALIBRATION, max(OWN, CALIBRATION_BYTES // max(each, 1)))
    _, calibration = pairs(data, drawn(data, count))
    return Conditions(own, calibration, targets)


def own_of(unseen: Dataset) -> tuple[Tensor, Tensor | None]:
    """The conditions that a model keeps, and the samples that belong to them."""
    kept = unseen.kept_conditions()
    if kept is not None:
        problem = fault_of(kept, unseen.condition_shape, len(kept))
        if problem or not len(kept):
            name = f"{type(unseen).__name__}.kept_conditions()"
            raise DataError(f"{name}: {problem or 'there are none'}")
        return kept[:OWN].cpu(), None
    samples, own = pairs(unseen, drawn(unseen, OWN))
    return own, samples if unseen.paired else None


def targets_of(part: Part, own: Tensor) -> Tensor | None:
    """The samples [M, *S] that belong to a model's own conditions [M, *C].

    None if the data set is not here, is not paired, or has other conditions by now.
    """
    if not is_here(part):
        return None
    unseen = test_samples(part)
    if not unseen.paired or unseen.condition_shape is None or unseen.kept_conditions() is not None:
        return None
    samples, conditions = pairs(unseen, drawn(unseen, OWN))
    same = conditions.shape == own.shape and torch.equal(conditions, own.cpu())
    return samples if same else None


def pairs(data: Dataset, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Samples and conditions of these rows, on the CPU; `DataError` if there are none."""
    samples, conditions = data.batch(rows)
    if problem := fault_of(conditions, data.condition_shape, len(rows)):
        raise DataError(f"{type(data).__name__}: {problem}")
    assert conditions is not None  # else there is a problem
    return samples.cpu(), conditions.cpu()


def fault_of(conditions: Tensor | None, shape: tuple[int, ...] | None, n: int) -> str:
    """What is wrong with a batch's conditions; empty if they are float32 [n, *shape]."""
    wanted = [n, *(shape or ())]
    if shape is None:
        return "it has no condition_shape"
    if conditions is None:
        return f"condition_shape is {tuple(shape)}, and batch() gives no conditions (None)"
    if list(conditions.shape) != wanted or conditions.dtype != torch.float32:
        kind = str(conditions.dtype).removeprefix("torch.")
        return (
            f"a batch of {n} has the conditions {list(conditions.shape)} {kind}, and "
            f"condition_shape {tuple(shape)} promises float32 {wanted}"
        )
    return ""


def conditioned(part: Part, shape: tuple[int, ...]) -> Dataset:
    """A data set's test samples, whose conditions must have this shape."""
    data = test_samples(part)
    if data.condition_shape is None or tuple(data.condition_shape) != tuple(shape):
        shown = "no conditions" if data.condition_shape is None else list(data.condition_shape)
        raise UsageError(
            f"the data set {part.name} has {shown}, and the model takes conditions of shape "
            f"{list(shape)}"
        )
    return data


def drawn_conditions(data: Dataset, n: int, *, seed: int) -> Rows:
    """N conditions of a data set, in an order given by the seed, each before any is repeated."""
    return Rows(lambda rows: pairs(data, rows)[1], order(len(data), n, seed))


def order(length: int, n: int, seed: int) -> Tensor:
    """N rows of `length` in an order given by the seed, each before any is repeated."""
    rounds = []
    for number in range(-(-n // length)):
        rng = torch.Generator().manual_seed(derive(seed, "conditions", number))
        rounds.append(torch.randperm(length, generator=rng))
    return torch.cat(rounds)[:n]


def checked(given: Tensor, shape: tuple[int, ...], n: int) -> Rows:
    """A caller's conditions for n samples: one for all, or several in rotation."""
    wanted = f"{list(shape)} or [M, {', '.join(map(str, shape))}]"
    if not isinstance(given, Tensor) or not given.is_floating_point():
        kind = str(given.dtype) if isinstance(given, Tensor) else type(given).__name__
        raise UsageError(f"conditions are a floating tensor of shape {wanted}, found {kind}")
    rows = given[None] if given.shape == torch.Size(shape) else given
    if rows.shape[1:] != torch.Size(shape) or not len(rows):
        raise UsageError(f"conditions have the shape {wanted}, found {list(given.shape)}")
    if len(rows) > n:
        raise UsageError(
            f"{len(rows)} conditions for {n} samples: some would not be used; set n="
            f"{len(rows)}, or give fewer"
        )
    if not rows.isfinite().all():
        raise UsageError("conditions must be finite, found NaN or infinity")
    return in_circle(rows.detach().float().cpu(), n)


def save_conditions(path: Path, conditions: Conditions, *, calibration: bool = False) -> FileRecord:
    """Write the own conditions and, if asked, those for batch statistics; return the record."""
    tensors = {"conditions": conditions.own}
    if calibration:
        tensors["calibration"] = conditions.calibration
    data = tensor_bytes(tensors, {"format": 1})
    with written_whole(path) as beside:
        beside.write_bytes(data)
    return FileRecord(hashlib.sha256(data).hexdigest(), len(data))


def read_conditions(
    path: Path, shape: tuple[int, ...], record: FileRecord | None = None
) -> Conditions:
    """Read a model's conditions and check them against their record and shape."""
    tensors = read_tensors(path, record)
    own = tensors.get("conditions")
    calibration = tensors.get("calibration", own)
    for tensor in (own, calibration):
        if tensor is None or not len(tensor) or fault_of(tensor, shape, len(tensor)):
            described = "none" if tensor is None else f"{list(tensor.shape)} {tensor.dtype}"
            raise WeightsError(
                f"{path}: conditions float32 [M, {', '.join(map(str, shape))}] are expected, "
                f"found {described}; get the model folder again"
            )
    assert own is not None
    assert calibration is not None
    return Conditions(own, calibration)
