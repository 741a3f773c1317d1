"""Checks of conditions that are no classes: declared, given as promised, and looked at."""

from __future__ import annotations

from typing import Any

import torch

from ganzoo.conditions import fault_of
from ganzoo.interfaces import Generator
from ganzoo.testing.faults import wrong
from ganzoo.testing.players import NetworkSubject
from ganzoo.testing.probes import equal, first_difference, seeded
from ganzoo.testing.subjects import DatasetSubject

SIZES = (1, 2, 7)
#: Rows whose conditions are exchanged.
ROWS = 4


def check_conditions(subject: NetworkSubject[Any]) -> str | None:
    """Where `condition_shape` is set, it is a shape, stands alone, and a generator looks at it."""
    network = subject.network()
    if network.condition_shape is None:
        return "takes no conditions"
    _check_shape(network, subject.line(method="__init__"))
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
    """Where `condition_shape` is set, each sample has a condition of it, always the same."""
    data = subject.filled()
    if data.condition_shape is None:
        return "gives no conditions"
    _check_shape(data, subject.line(method="__init__"))
    for n in SIZES:
        _, found = data.batch(torch.arange(n) % len(data))
        if problem := fault_of(found, tuple(data.condition_shape), n):
            raise wrong(
                f"{problem}; return the condition beside the sample (.float()), or change "
                "condition_shape",
                subject.line("return"),
            )
        if found is not None and not found.isfinite().all():
            raise wrong("conditions hold NaN or infinity: a division by 0, or damaged files")
    rows = torch.tensor([0, len(data) - 1, len(data) // 2])
    made = []
    for order, seed in ((rows, 1), (rows, 2), (rows.flip(0), 3)):
        with seeded(seed):
            made.append(data.batch(order)[1])
    first, again, turned = made
    if first is None or again is None or turned is None:
        return None  # which the shapes above would have told
    if not (equal(first, again) and equal(first, turned.flip(0))):
        raise wrong(
            "an index has another condition the second time, or in another batch: it is drawn in "
            "batch(), or computed from the place in it; draw it once in __init__",
            subject.line(r"rand|random|shuffle|perm|arange|enumerate"),
        )
    return f"conditions of {list(data.condition_shape)}"


def _check_shape(part: Any, at: str) -> None:
    """`condition_shape` is a tuple of whole numbers, and there are no classes beside it."""
    shape = part.condition_shape
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise wrong(
            f"condition_shape is {shape!r}: it is a tuple of whole numbers above 0, without the "
            "batch, such as (3, 64, 64); set it in the class or in __init__",
            at,
        )
    if part.num_classes is not None:
        raise wrong(
            f"num_classes is {part.num_classes} and condition_shape is {shape}: labels are classes "
            "or conditions; leave one of the two None",
            at,
        )
