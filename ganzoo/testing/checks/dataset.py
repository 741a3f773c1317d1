"""Checks of a data set: what a batch holds, and that an index always means the same sample."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.interfaces import Dataset
from ganzoo.testing.failures import told_by, wrong
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.subjects import DatasetSubject

SIZES = (1, 2, 7)
#: Rows whose values and labels are looked at.
LOOKED_AT = 512
SLACK = 1e-3


def check_facts(subject: DatasetSubject) -> str:
    """`sample_shape`, `num_classes`, `kind` and `value_range` are set, and there are samples."""
    return _facts(subject, subject.data())


def _facts(subject: DatasetSubject, data: Dataset) -> str:
    """What a data set says of itself, if it can be believed."""
    at = subject.line(method="__init__")
    shape = getattr(data, "sample_shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise wrong(
            f"sample_shape is {shape!r}: it is a tuple of whole numbers above 0, without the "
            "batch, such as (1, 28, 28); set it in the class or in __init__",
            at,
        )
    if len(data) < 2:
        raise wrong(f"it holds {len(data)} samples: a training needs two; is a folder empty?", at)
    span: Any = data.value_range
    if span is not None and not (len(span) == 2 and span[0] < span[1]):
        raise wrong(f"value_range is {span!r}: it is (lowest, highest), or None for any value", at)
    classes = data.num_classes
    if classes is not None and (not isinstance(classes, int) or classes < 1):
        raise wrong(f"num_classes is {classes!r}: it is a whole number, or None for no classes", at)
    if not isinstance(data.kind, str) or not data.kind:
        raise wrong(f"kind is {data.kind!r}: it is a word such as 'image', by which writers go", at)
    if not isinstance(data.summary, str) or len(data.summary.splitlines()) > 1:
        raise wrong(f"summary is {data.summary!r}: it is one line of text, or an empty one", at)
    return f"{len(data):,} samples of {list(shape)}"


def check_batches(subject: DatasetSubject) -> None:
    """Batches of 1, 2 and 7 rows are float32 [N, *S] in `value_range`, labels int64 [N]."""
    data = _known(subject)
    for n in SIZES:
        rows = torch.arange(n) % len(data)
        samples, labels = _batch(subject, data, rows)
        wanted = [n, *data.sample_shape]
        if list(samples.shape) != wanted or samples.dtype != torch.float32:
            raise wrong(
                f"batch of {n} rows gives {list(samples.shape)} {_short(samples)}, and float32 "
                f"{wanted} is promised by sample_shape; change one of the two (.float(), "
                ".unsqueeze(1) for a channel)",
                subject.line(),
            )
        _check_labels(subject, data, labels, n)
    rows = torch.linspace(0, len(data) - 1, min(len(data), LOOKED_AT)).long()
    samples, labels = _batch(subject, data, rows)
    _check_range(subject, data, samples)
    _check_classes(subject, data, labels)


def check_addressing(subject: DatasetSubject) -> None:
    """An index means the same sample in any batch, in any order, and in another object."""
    data = _known(subject)
    with told_by("check_batches", "a batch"):
        _batch(subject, data, torch.arange(2))
    last = len(data) - 1
    rows = torch.tensor([0, 1, last // 2, last]).clamp_max(last)
    with seeded(1):
        first, labels = _batch(subject, data, rows)
    with seeded(2):
        again, labels_again = _batch(subject, data, rows)
        turned, _ = _batch(subject, data, rows.flip(0))
        single = torch.cat([_batch(subject, data, row[None])[0] for row in rows])
    if not equal(first, again):
        raise wrong(
            "the same indices give other samples the second time: something is drawn in batch() "
            "(an augmentation, a random crop), and a run that goes on would see other data; leave "
            "that to the recipe's `augmentation`, or do it once in __init__",
            subject.line(r"rand|random|shuffle|perm"),
        )
    if labels is not None and labels_again is not None and not equal(labels, labels_again):
        raise wrong(
            "the same indices have other labels the second time: they are drawn in batch(); draw "
            "them once in __init__, from torch.Generator().manual_seed(...)",
            subject.line(r"rand|random|shuffle|perm"),
        )
    if not (equal(first, turned.flip(0)) and equal(first, single)):
        raise wrong(
            "an index gives another sample in another batch: batch() uses the place in the batch, "
            "or statistics of it; address samples by `indices` alone",
            subject.line(r"mean\(|std\(|arange|enumerate|sort|unique"),
        )
    with seeded(3):
        other, _ = _batch(subject, subject.data(), rows)
    if not equal(first, other):
        raise wrong(
            "built a second time it holds other samples: they are drawn in __init__ without a "
            "fixed seed, or files come in no fixed order; use torch.Generator().manual_seed(...), "
            "or sorted(...)",
            subject.line(r"rand|random|listdir|glob|iterdir|shuffle", "__init__"),
        )


def _known(subject: DatasetSubject) -> Dataset:
    """The data set, if what it says of itself can be believed."""
    data = subject.data()
    with told_by("check_facts", "reading what it says of itself"):
        _facts(subject, data)
    return data


def _batch(subject: DatasetSubject, data: Dataset, rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """A batch, as the pair that it is promised to be."""
    made: Any = data.batch(rows)
    if not isinstance(made, tuple) or len(made) != 2 or not isinstance(made[0], Tensor):
        raise wrong(
            f"batch() returns a {type(made).__name__}: it returns samples and labels, or samples "
            "and None",
            subject.line("return"),
        )
    return made


def _check_labels(subject: DatasetSubject, data: Dataset, labels: Tensor | None, n: int) -> None:
    if data.condition_shape is not None:
        return  # check_dataset_conditions looks at them
    if labels is None:
        if data.num_classes is not None:
            raise wrong(
                f"num_classes is {data.num_classes}, and batch() gives no labels; return them, or "
                "set num_classes to None",
                subject.line("return"),
            )
        return
    if not isinstance(labels, Tensor):
        raise wrong(
            f"batch() gives labels as a {type(labels).__name__}: they are a tensor; write "
            "torch.tensor(labels)",
            subject.line("label"),
        )
    if data.num_classes is not None and labels.is_floating_point():
        raise wrong(
            f"labels are {_short(labels)}, and num_classes is {data.num_classes}: classes are "
            "int64; call .long(), or declare condition_shape where they are conditions",
            subject.line("label"),
        )
    classes = labels.dtype == torch.int64 and labels.dim() == 1
    if len(labels) != n or not classes:
        raise wrong(
            f"labels of {n} samples are {list(labels.shape)} {_short(labels)}: they are int64 [N] "
            "(call .long(), .flatten()), or conditions of the shape that condition_shape declares",
            subject.line("label"),
        )


def _check_range(subject: DatasetSubject, data: Dataset, samples: Tensor) -> None:
    if not samples.isfinite().all():
        raise wrong("samples hold NaN or infinity: a division by 0, or damaged files")
    if data.value_range is None:
        return
    low, high = data.value_range
    least, most, slack = float(samples.min()), float(samples.max()), SLACK * (high - low) / 2
    if least < low - slack or most > high + slack:
        raise wrong(
            f"samples reach from {least:.4g} to {most:.4g}, and value_range is ({low:g}, "
            f"{high:g}): bytes become [-1, 1] by / 127.5 - 1; or state another range, None for "
            "any value",
            subject.line(r"float\(\)|/|div|return"),
        )
    if least >= (low + high) / 2:
        raise wrong(
            f"no sample lies below {least:.4g}, and value_range is ({low:g}, {high:g}): they seem "
            f"to lie in [0, 1]; bring them there by 2 * x - 1",
            subject.line(r"float\(\)|/|div|return"),
        )


def _check_classes(subject: DatasetSubject, data: Dataset, labels: Tensor | None) -> None:
    if labels is None or data.num_classes is None or labels.is_floating_point():
        return
    if int(labels.min()) < 0 or int(labels.max()) >= data.num_classes:
        raise wrong(
            f"labels go from {int(labels.min())} to {int(labels.max())}, and num_classes is "
            f"{data.num_classes}: classes are 0 to num_classes - 1; count from 0, or change "
            "num_classes",
            subject.line("label|num_classes"),
        )


def _short(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
