"""What a call of `Model.sample` asks for: checked, with a label or condition for each sample.

Where it gives none, the model's labeller draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import torch
from torch import Tensor

from ganzoo.arguments import described, whole
from ganzoo.conditions import checked, in_circle
from ganzoo.errors import UsageError, brief, did_you_mean
from ganzoo.interfaces import Generator, StyleGenerator
from ganzoo.sampling import Labels
from ganzoo.specs import CONDITIONS_FILE
from ganzoo.zoo.named_conditions import with_wishes

if TYPE_CHECKING:
    from ganzoo.zoo.model import Model

#: Labels as a caller may give them, by number or by name: one for all samples, or one for each.
GivenLabels: TypeAlias = Tensor | int | str | Sequence[int | str] | None

#: Conditions as a caller may give them: numbers, or names with values.
GivenConditions: TypeAlias = Tensor | Mapping[str, object] | None

#: The types that labels may have.
WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


class Options(TypedDict, total=False):
    """The options of `Model.sample`, for those who pass them on."""

    seed: int | None
    latents: Tensor | None
    styles: Tensor | None
    labels: GivenLabels
    conditions: GivenConditions
    balanced: bool
    batch: int
    truncation: float


@dataclass(frozen=True, eq=False)
class Request:
    """n samples of a seed, with a label or condition for each.

    `latents` [n, D], or flattened `styles` [n, L W], take the place of the seed's latents.
    """

    n: int
    seed: int
    labels: Labels | None
    latents: Tensor | None = None
    styles: Tensor | None = None


def checked_latents(generator: Generator, latents: Tensor, name: str) -> Tensor:
    """Latents [n, D] as they were given; `UsageError` if they do not fit."""
    dim = generator.latent_dim
    if not isinstance(latents, Tensor) or not latents.is_floating_point():
        raise UsageError(f"latents are floats [n, {dim}], found {described(latents)}")
    if latents.dim() != 2 or latents.shape[1] != dim or not len(latents):
        raise UsageError(f"{name} takes latents [n, {dim}], found {list(latents.shape)}")
    return latents


def checked_styles(generator: Generator, styles: Tensor, name: str) -> Tensor:
    """Styles [n, L, W] as they were given; `UsageError` if the model has none, or others."""
    if not isinstance(generator, StyleGenerator):
        raise UsageError(f"{name} has no styles: its generator is no StyleGenerator; give latents")
    shape = [generator.style_layers, generator.style_dim]
    if not isinstance(styles, Tensor) or list(styles.shape[1:]) != shape or not len(styles):
        size = list(styles.shape) if isinstance(styles, Tensor) else type(styles).__name__
        raise UsageError(f"{name} takes styles [n, {shape[0]}, {shape[1]}], found {size}")
    return styles


def count_of(n: int | None, given: Tensor | None) -> int:
    """How many samples a call asks for: n, or as many as it gives latents or styles; else 64."""
    if given is None:
        return whole("n", 64 if n is None else n, least=1)
    if n is not None and n != len(given):
        raise UsageError(f"n is {n}, but {len(given)} latents or styles were given; leave n out")
    return len(given)


def labels_for(
    model: Model,
    n: int,
    seed: int,
    labels: GivenLabels = None,
    conditions: GivenConditions = None,
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
    if shape is not None and isinstance(conditions, Tensor):
        return checked(conditions, shape, n)
    if shape is not None and model.labeller.conditions is None:
        raise UsageError(
            f"{name} has no conditions of its own ({CONDITIONS_FILE}); give conditions of shape "
            f"{list(shape)}"
        )
    if model.labeller.conditions is not None and isinstance(conditions, Mapping):
        own = model.labeller.conditions.own
        return in_circle(with_wishes(own, model.condition_names, conditions, name), n)
    if conditions is not None:
        raise UsageError(
            f"conditions are a floating tensor, or names with values; found {described(conditions)}"
        )
    if labels is not None:
        return _checked_labels(model, n, labels)
    return model.labeller.drawn(n, seed=seed, balanced=balanced)


def _checked_labels(model: Model, n: int, given: GivenLabels) -> Tensor:
    """Labels int64 [n], checked against the model's classes."""
    name, classes = model.card.name, model.generator.num_classes
    if classes is None:
        raise UsageError(f"{name} is not conditional: it takes no labels")
    labels = _whole_numbers(_numbered(given, model.class_names, name))
    labels = labels.expand(n) if labels.dim() == 0 else labels
    if len(labels) != n:
        raise UsageError(f"{n} samples need {n} labels, found {len(labels)}")
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise UsageError(
            f"{name} has the classes 0 to {classes - 1}, found labels from {int(labels.min())} to "
            f"{int(labels.max())}"
        )
    return labels


def _numbered(given: GivenLabels, names: Sequence[str], model: str) -> Any:
    """Labels with the names among them replaced by their numbers."""
    if isinstance(given, str):
        return number_of(given, names, model)
    if isinstance(given, Sequence):
        return [number_of(one, names, model) if isinstance(one, str) else one for one in given]
    return given


def number_of(name: str, names: Sequence[str], model: str) -> int:
    """The class of a name in any case; `UsageError` with the nearest names."""
    lowered = [known.casefold() for known in names]
    if name.casefold() in lowered:
        return lowered.index(name.casefold())
    if not names:
        raise UsageError(f"{model} knows its classes by number alone, found label {brief(name)}")
    near = did_you_mean(name, names, otherwise="its classes are: {}")
    raise UsageError(f"{model} has no class {brief(name)}; {near}")


def _whole_numbers(given: Any) -> Tensor:
    """Labels int64 [] or [n]."""
    try:
        labels = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(
            f"labels are whole numbers, one for all samples or [n], found {described(given)}"
        ) from None
    if labels.dim() > 1 or labels.dtype not in WHOLE:
        raise UsageError(f"labels are whole numbers [n], found {labels.dtype} {list(labels.shape)}")
    return labels.long()
