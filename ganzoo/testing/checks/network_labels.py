"""Checks that a network uses the classes or the conditions that it takes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.interfaces import Generator
from ganzoo.testing.network_subjects import NetworkSubject
from ganzoo.testing.numerics import equal, first_difference, seeded

#: Rows whose labels or conditions are exchanged.
ROWS = 7
CLASSES_AND_CONDITIONS = (
    "num_classes is {} and condition_shape is {}, and labels are one or the other: set one of the "
    "two to None"
)


def check_labels(subject: NetworkSubject[Any]) -> str | None:
    """If `num_classes` is set, outputs change when only the labels do."""
    network = subject.steady()
    classes = network.num_classes
    if classes is None:
        return "takes no labels"
    inputs, labels = subject.batch(network, ROWS)
    if labels is None or _predicts_classes(subject, network, inputs, labels):
        return "predicts the class itself"
    if not _outputs_change(subject, network, inputs, labels, (labels + 1) % classes):
        raise subject.wrong(
            f"num_classes is {classes}, and labels change nothing: forward takes them and does not "
            "use them; feed them in (an embedding, a projection), or leave num_classes None"
        )
    return None


def check_conditions(subject: NetworkSubject[Any]) -> str | None:
    """If `condition_shape` is set, `num_classes` is not, and a generator uses the condition."""
    network = subject.network()
    shape = network.condition_shape
    if shape is None:
        return "takes no conditions"
    if network.num_classes is not None:
        raise subject.wrong(
            CLASSES_AND_CONDITIONS.format(network.num_classes, shape), method="__init__"
        )
    network = subject.steady()
    inputs, conditions = subject.batch(network, ROWS)
    if conditions is None or equal(conditions, conditions.roll(1, 0)):
        return "no two conditions to compare"
    if _outputs_change(subject, network, inputs, conditions, conditions.roll(1, 0)):
        return f"of {list(shape)}"
    if not isinstance(network, Generator):
        return "does not use the condition"
    raise subject.wrong(
        f"condition_shape is {shape}, and another condition makes the same samples: forward takes "
        "`labels` and does not use them; feed them in (beside the latents, or as the input "
        "itself), or leave condition_shape None"
    )


def _outputs_change(
    subject: NetworkSubject[Any], network: Any, inputs: Tensor, labels: Tensor, others: Tensor
) -> bool:
    """Whether other labels make other outputs."""
    published = []
    for given in (labels, others):
        with torch.no_grad(), seeded(5):
            published.append(subject.outputs_of(network, inputs, given))
    return first_difference(*published) is not None


def _predicts_classes(
    subject: NetworkSubject[Any], network: Any, inputs: Tensor, labels: Tensor
) -> bool:
    """Whether a discriminator predicts the class, and so does not need to be given it."""
    if isinstance(network, Generator):
        return False
    with torch.no_grad(), seeded(5):
        published = subject.outputs_of(network, inputs, labels)
    return any(
        name != "scores" and value.dim() == 2 and value.shape[1] >= network.num_classes
        for name, value in published.items()
    )
