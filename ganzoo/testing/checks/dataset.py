"""Checks of a data set: what a batch holds, and that an index always means the same sample."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.conditions import fault_of
from ganzoo.errors import brief
from ganzoo.interfaces import Dataset
from ganzoo.testing.building import A_SHAPE, is_shape
from ganzoo.testing.checks.network_labels import CLASSES_AND_CONDITIONS
from ganzoo.testing.failures import reported_by, wrong
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.subjects import DatasetSubject

SIZES = (1, 2, 7)
#: Rows whose values and labels are looked at.
LOOKED_AT = 512
#: How far beyond its range rounding may take a value, in halves of the range.
SLACK = 1e-3
RANDOM = r"rand|random|shuffle|perm"
NOT_FINITE = "{} hold NaN or infinity: a division by 0, or damaged files"


def check_facts(subject: DatasetSubject) -> str:
    """`sample_shape`, `num_classes`, `kind` and `value_range` are set, and there are samples."""
    data = subject.made()
    if fault := _facts_fault(data):
        raise subject.wrong(fault, method="__init__")
    return f"{len(data):,} samples of {list(data.sample_shape)}"


def _facts_fault(data: Dataset) -> str:
    """What is wrong with what a data set says about itself; empty if nothing is."""
    shape = getattr(data, "sample_shape", None)
    if not is_shape(shape):
        return (
            f"sample_shape is {shape!r} instead of {A_SHAPE}, such as (1, 28, 28): set it in the "
            "class or in __init__"
        )
    if len(data) < 2:
        return f"it holds {len(data)} samples, and training needs two: is a folder empty?"
    span: Any = data.value_range
    if span is not None and not (len(span) == 2 and span[0] < span[1]):
        return f"value_range is {span!r}: make it (lowest, highest), or None for any value"
    classes = data.num_classes
    if classes is not None and (not isinstance(classes, int) or classes < 1):
        return f"num_classes is {classes!r}: make it a positive integer, or None without classes"
    if not isinstance(data.kind, str) or not data.kind:
        return f"kind is {data.kind!r}: make it a word such as 'image', which selects the writer"
    if fault := _legend_fault(data.legend):
        return fault
    if not isinstance(data.summary, str) or len(data.summary.splitlines()) > 1:
        return f"summary is {data.summary!r}: make it one line of text, or an empty string"
    return ""


def _legend_fault(legend: Any) -> str:
    """What is wrong with a legend, which a model's config.json holds."""
    try:
        same = isinstance(legend, Mapping) and json.loads(json.dumps(legend)) == legend
    except (TypeError, ValueError):
        same = False
    if same:
        return ""
    return f"legend is {brief(legend)}: make it a dict of text, numbers and lists, as JSON has them"


def check_batches(subject: DatasetSubject) -> None:
    """Batches of 1, 2 and 7 rows are float32 [N, *S] in `value_range`, labels int64 [N]."""
    data = _sound(subject)
    for n in SIZES:
        samples, labels = _batch(subject, data, torch.arange(n) % len(data))
        promised = [n, *data.sample_shape]
        if list(samples.shape) != promised or samples.dtype != torch.float32:
            raise subject.wrong(
                f"a batch of {n} rows is {_type(samples)} {list(samples.shape)}, and float32 "
                f"{promised} is promised by sample_shape: change one of the two (.float(), "
                ".unsqueeze(1) for a channel)"
            )
        if data.condition_shape is None and (fault := _labels_fault(data, labels, n)):
            raise subject.wrong(*fault)
    rows = torch.linspace(0, len(data) - 1, min(len(data), LOOKED_AT)).long()
    samples, labels = _batch(subject, data, rows)
    _check_range(subject, data, samples)
    if labels is None or data.num_classes is None or labels.is_floating_point():
        return
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= data.num_classes:
        raise subject.wrong(
            f"labels reach from {least} to {most}, and num_classes is {data.num_classes}: classes "
            "are 0 to num_classes - 1; count from 0, or change num_classes",
            "label|num_classes",
        )


def check_addressing(subject: DatasetSubject) -> None:
    """An index means the same sample in any batch, in any order, and in another object."""
    data = _sound(subject)
    with reported_by("check_batches", "a batch"):
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
        raise subject.wrong(
            "the same indices give other samples the second time: something is drawn in batch() "
            "(an augmentation, a random crop), so a resumed run would see other data; leave it to "
            "the recipe's `augmentation`, or draw once in __init__",
            RANDOM,
        )
    if labels is not None and labels_again is not None and not equal(labels, labels_again):
        raise subject.wrong(
            "the same indices have other labels the second time: they are drawn in batch(); draw "
            "them once in __init__, from torch.Generator().manual_seed(...)",
            RANDOM,
        )
    if not (equal(first, turned.flip(0)) and equal(first, single)):
        raise subject.wrong(
            "an index gives another sample in another batch: batch() uses the position in the "
            "batch, or statistics of it; address samples by `indices` alone",
            r"mean\(|std\(|arange|enumerate|sort|unique",
        )
    other, _ = _batch(subject, subject.made(seed=3), rows)
    if not equal(first, other):
        raise subject.wrong(
            "built a second time it holds other samples: they are drawn in __init__ without a "
            "fixed seed, or files come in no fixed order; use torch.Generator().manual_seed(...), "
            "or sorted(...)",
            r"rand|random|listdir|glob|iterdir|shuffle",
            "__init__",
        )


def check_dataset_conditions(subject: DatasetSubject) -> str | None:
    """If `condition_shape` is set, each sample has a condition of that shape, in any batch."""
    data = subject.made()
    shape = data.condition_shape
    if shape is None:
        return "gives no conditions"
    fault = ""
    if not is_shape(shape):
        fault = f"condition_shape is {shape!r} instead of {A_SHAPE}, such as (3, 64, 64): set it so"
    elif data.num_classes is not None:
        fault = CLASSES_AND_CONDITIONS.format(data.num_classes, shape)
    if fault:
        raise subject.wrong(fault, method="__init__")
    for n in SIZES:
        conditions = _conditions(data, torch.arange(n) % len(data))
        if problem := fault_of(conditions, shape, n):
            raise subject.wrong(
                f"{problem}; return the condition beside the sample (.float()), or change "
                "condition_shape",
                "return",
            )
        if conditions is not None and not conditions.isfinite().all():
            raise wrong(NOT_FINITE.format("conditions"))
    rows = torch.tensor([0, len(data) - 1, len(data) // 2])
    first, turned = _conditions(data, rows), _conditions(data, rows.flip(0))
    if first is not None and turned is not None and not equal(first, turned.flip(0)):
        raise subject.wrong(
            "an index has another condition in another batch: batch() uses the position in the "
            "batch; address conditions by `indices` alone",
            r"rand|arange|enumerate|roll|sort",
        )
    return f"conditions of {list(shape)}"


def _sound(subject: DatasetSubject) -> Dataset:
    """The data set, if what it says about itself can be believed."""
    data: Dataset = subject.made()
    with reported_by("check_facts", "reading what it says about itself"):
        if fault := _facts_fault(data):
            raise wrong(fault)
    return data


def _batch(subject: DatasetSubject, data: Dataset, rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """A batch; it must be a pair."""
    batch: Any = data.batch(rows)
    if not isinstance(batch, tuple) or len(batch) != 2 or not isinstance(batch[0], Tensor):
        raise subject.wrong(
            f"batch() returns a {type(batch).__name__}: return samples and labels, or samples and "
            "None",
            "return",
        )
    return batch


def _conditions(data: Dataset, rows: Tensor) -> Tensor | None:
    """The second value of a batch; if there is none, `check_batches` reports it."""
    with reported_by("check_batches", "a batch"), seeded(0):
        _, conditions = data.batch(rows)
    return conditions


def _labels_fault(data: Dataset, labels: Any, n: int) -> tuple[str, str] | None:
    """What is wrong with the labels of n samples, and a pattern of the line to change."""
    classes = data.num_classes
    if labels is None:
        if classes is None:
            return None
        return (
            f"num_classes is {classes}, and batch() gives no labels: return them, or set "
            "num_classes to None"
        ), "return"
    if not isinstance(labels, Tensor):
        return (
            f"batch() gives labels as a {type(labels).__name__}, and they must be a tensor: write "
            "torch.tensor(labels)"
        ), "label"
    if classes is not None and labels.is_floating_point():
        return (
            f"labels are {_type(labels)}, and num_classes is {classes}: classes must be int64; "
            "call .long(), or declare condition_shape if they are conditions"
        ), "label"
    if len(labels) != n or labels.dtype != torch.int64 or labels.dim() != 1:
        return (
            f"labels of {n} samples are {_type(labels)} {list(labels.shape)} and must be int64 "
            "[N]: call .long(), .flatten(), or declare condition_shape if they are conditions"
        ), "label"
    return None


def _check_range(subject: DatasetSubject, data: Dataset, samples: Tensor) -> None:
    if not samples.isfinite().all():
        raise wrong(NOT_FINITE.format("samples"))
    if data.value_range is None:
        return
    low, high = data.value_range
    least, most, slack = float(samples.min()), float(samples.max()), SLACK * (high - low) / 2
    problem = ""
    if least < low - slack or most > high + slack:
        problem = (
            f"samples reach from {least:.4g} to {most:.4g}, and value_range is ({low:g}, "
            f"{high:g}): bytes become [-1, 1] by / 127.5 - 1; or set another range, None for any "
            "value"
        )
    elif least >= (low + high) / 2:
        problem = (
            f"no sample lies below {least:.4g}, and value_range is ({low:g}, {high:g}): they seem "
            "to lie in [0, 1]; return 2 * x - 1"
        )
    if problem:
        raise subject.wrong(problem, r"float\(\)|/|div|return")


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
