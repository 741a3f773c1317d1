"""Checks of conditions that are no classes: declared, given as promised, and looked at."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.conditions import fault_of
from ganzoo.interfaces import Dataset, Generator
from ganzoo.testing.failures import told_by, wrong
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import equal, first_difference, seeded
from ganzoo.testing.subjects import DatasetSubject

SIZES = (1, 2, 7)
#: Rows whose conditions are exchanged.
ROWS = 4


def check_conditions(subject: NetworkSubject[Any]) -> str | None:
    """Where `condition_shape` is set, no classes stand beside it, and a generator looks at it."""
    network = subject.network()
    if network.condition_shape is None:
        return "takes no conditions"
    _check_alone(network, subject.line(method="__init__"))
    network = subject.steady()
    inputs, told = subject.batch(network, ROWS)
    if told is None or equal(told, told.roll(1, 0)):
        return "no two conditions to compare"
    made = []
    for given in (told, told.roll(1, 0)):
        with torch.no_grad(), seeded(5):
            made.append(subject.published_by(network, inputs, given))
    if first_difference(*made) is not None:
        return f"of {list(network.condition_shape)}"
    if not isinstance(network, Generator):
        return "does not look at it"
    raise wrong(
        f"condition_shape is {network.condition_shape}, and another condition makes the same "
        "samples: forward takes `labels` and does not use them; feed them in (beside the latents, "
        "or as the input itself), or leave condition_shape None",
        subject.line(),
    )


def check_dataset_conditions(subject: DatasetSubject) -> str | None:
    """Where `condition_shape` is set, each sample has a condition of it, in any batch."""
    data = subject.data()
    shape = data.condition_shape
    if shape is None:
        return "gives no conditions"
    at = subject.line(method="__init__")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise wrong(
            f"condition_shape is {shape!r}: it is a tuple of whole numbers above 0, without the "
            "batch, such as (3, 64, 64); set it in the class or in __init__",
            at,
        )
    _check_alone(data, at)
    for n in SIZES:
        found = _conditions(data, torch.arange(n) % len(data))
        if problem := fault_of(found, shape, n):
            raise wrong(
                f"{problem}; return the condition beside the sample (.float()), or change "
                "condition_shape",
                subject.line("return"),
            )
        if found is not None and not found.isfinite().all():
            raise wrong("conditions hold NaN or infinity: a division by 0, or damaged files")
    rows = torch.tensor([0, len(data) - 1, len(data) // 2])
    made, turned = _conditions(data, rows), _conditions(data, rows.flip(0))
    if made is not None and turned is not None and not equal(made, turned.flip(0)):
        raise wrong(
            "an index has another condition in another batch: batch() uses the place in the batch; "
            "address conditions by `indices` alone",
            subject.line(r"rand|arange|enumerate|roll|sort"),
        )
    return f"conditions of {list(shape)}"


def _conditions(data: Dataset, rows: Tensor) -> Tensor | None:
    """The second value of a batch; where there are no two, `check_batches` says so."""
    with told_by("check_batches", "a batch"), seeded(0):
        _, found = data.batch(rows)
    return found


def _check_alone(part: Any, at: str) -> None:
    """There are no classes beside conditions."""
    if part.num_classes is not None:
        raise wrong(
            f"num_classes is {part.num_classes} and condition_shape is {part.condition_shape}: "
            "labels are classes or conditions; leave one of the two None",
            at,
        )
