"""The labels and conditions that a call of `Model.sample` gives: checked, and one for each sample.

Where it gives none, they are drawn as the model's labeller says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from ganzoo.arguments import told
from ganzoo.conditions import checked
from ganzoo.errors import UsageError
from ganzoo.sampling import Labels
from ganzoo.specs import CONDITIONS_FILE

if TYPE_CHECKING:
    from ganzoo.zoo.model import Model

#: Labels as a caller may give them: one for all samples, or one for each.
GivenLabels: TypeAlias = Tensor | int | list[int] | None

#: The types that labels may have.
WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def labels_for(
    model: Model,
    n: int,
    seed: int,
    labels: GivenLabels = None,
    conditions: Tensor | None = None,
    *,
    balanced: bool = False,
) -> Labels | None:
    """The labels or conditions of n samples: those given, else drawn; None if it takes neither."""
    name, generator = model.card.name, model.generator
    shape, classes = generator.condition_shape, generator.num_classes
    if conditions is not None and shape is None:
        raise UsageError(f"{name} takes no conditions")
    if shape is not None and labels is not None:
        raise UsageError(
            f"{name} takes conditions of shape {list(shape)} and no labels; give conditions"
        )
    if balanced and (classes is None or labels is not None):
        reason = "its labels are given" if labels is not None else "it has no classes"
        raise UsageError(f"{name} cannot be balanced over classes: {reason}")
    if shape is not None and conditions is not None:
        return checked(conditions, shape, n)
    if shape is not None and model.labeller.conditions is None:
        raise UsageError(
            f"{name} brings no conditions of its own ({CONDITIONS_FILE}); give conditions of shape "
            f"{list(shape)}"
        )
    if labels is not None:
        return _checked_labels(name, classes, n, labels)
    return model.labeller.drawn(n, seed=seed, balanced=balanced)


def _checked_labels(name: str, classes: int | None, n: int, given: GivenLabels) -> Tensor:
    """Labels int64 [n], checked against the model's classes."""
    if classes is None:
        raise UsageError(f"{name} is not conditional: it takes no labels")
    labels = _whole_numbers(given)
    labels = labels.expand(n) if labels.dim() == 0 else labels
    if len(labels) != n:
        raise UsageError(f"{n} samples need {n} labels, found {len(labels)}")
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise UsageError(
            f"{name} has the classes 0 to {classes - 1}, found labels from {int(labels.min())} to "
            f"{int(labels.max())}"
        )
    return labels


def _whole_numbers(given: GivenLabels) -> Tensor:
    """Labels int64 [] or [n]."""
    try:
        labels = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(
            f"labels are whole numbers, one for all samples or [n], found {told(given)}"
        ) from None
    if labels.dim() > 1 or labels.dtype not in WHOLE:
        raise UsageError(f"labels are whole numbers [n], found {labels.dtype} {list(labels.shape)}")
    return labels.long()
