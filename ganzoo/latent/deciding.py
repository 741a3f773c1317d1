"""Directions by what a classifier says of samples, in the manner of InterFaceGAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganzoo.build import factory_of
from ganzoo.errors import UsageError
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, StyleGenerator
from ganzoo.latent.directions import points_of
from ganzoo.specs import Part

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: Samples that are shown to the extractor.
DECISIONS = 4096
#: A class with fewer members, or with fewer others, gets no direction.
FEWEST = 20
#: Directions of attributes, if no number is asked for.
CLEAREST = 8
#: The outputs of an extractor that are the scores of an attribute begin so.
ATTRIBUTE = "attribute:"


def class_means(
    model: Model, by: str, k: int | None, seed: int, label: int | str | None
) -> dict[str, Tensor]:
    """For each class or value by name: the mean of its latents or styles minus the others' mean.

    The k whose means lie farthest apart, in units of the spread; all classes if k is None.
    """
    points, groups = _decided(model, by, seed, label)
    spread = points.std(0).clamp_min(1e-12)
    ways: dict[str, Tensor] = {}
    for names, values in groups:
        for number, name in enumerate(names):
            members = values == number
            if FEWEST <= int(members.sum()) <= len(values) - FEWEST:
                ways[name] = points[members].mean(0) - points[~members].mean(0)
    if not ways:
        raise UsageError(
            f"no {by} has {FEWEST} of {len(points)} samples of {model.card.name} for it and "
            "against it; use pca"
        )
    far = sorted(ways, key=lambda name: -float((ways[name] / spread).norm()))
    kept = far[: k or (CLEAREST if by == "attribute" else None)]
    return {name: way for name, way in ways.items() if name in kept}


Groups = list[tuple[Sequence[str], Tensor]]


def _decided(model: Model, by: str, seed: int, label: int | str | None) -> tuple[Tensor, Groups]:
    """Points [n, D or W], and for each question the answers' names and numbers int64 [n]."""
    classes, name = model.generator.num_classes, model.card.name
    if by == "attribute" or classes is None:
        return _judged(model, by, seed, label)
    if not isinstance(model.generator, StyleGenerator):
        raise UsageError(
            f"the latents of {name} hold no class, which is its label: use pca or sefa"
        )
    if label is not None:
        raise UsageError("directions between classes need all of them; leave out the label")
    labels = model.labels(DECISIONS, seed=seed, balanced=True)
    assert labels is not None  # it has classes
    names = _class_names(model.class_names, classes)
    return points_of(model, DECISIONS, seed, labels), [(names, labels)]


def _judged(model: Model, by: str, seed: int, label: int | str | None) -> tuple[Tensor, Groups]:
    """The same for samples that the extractor of the model's data set judges."""
    data = model.card.require_config().recipe.data
    name, _ = extractors_of(data)
    if name is None:
        raise UsageError(f"data set {data.name} names no extractor that could judge; use pca")
    drawn = model.labels(DECISIONS, seed=seed) if label is None else label
    given: Any = {"conditions": drawn} if model.generator.condition_shape else {"labels": drawn}
    extractor, answers = open_extractor(name), dict[str, list[Tensor]]()
    with torch.no_grad():
        for batch in model.batches(DECISIONS, seed=seed, **given):
            for key, values in extractor.outputs(batch).items():
                if key.startswith(ATTRIBUTE) if by == "attribute" else key == "logits":
                    answers.setdefault(key, []).append(values.float())
    groups: Groups = []
    for key, pieces in answers.items():
        scores = torch.cat(pieces)
        if by == "label":
            names = _class_names(_names_of(data), scores.shape[1])
        else:
            names = [f"{key.removeprefix(ATTRIBUTE)}-{n}" for n in range(scores.shape[1])]
        groups.append((names, scores.argmax(1)))
    if not groups:
        raise UsageError(f"extractor {name} judges by no {by}; use pca")
    return points_of(model, DECISIONS, seed, given.get("labels")), groups


def _names_of(data: Part) -> Sequence[str]:
    """The names of a data set's classes, if its class has them."""
    factory = factory_of(Dataset, data)
    known = isinstance(factory, type) and issubclass(factory, Dataset)
    return (factory.class_names or ()) if known else ()


def _class_names(names: Sequence[str], count: int) -> Sequence[str]:
    """Names of classes, or their numbers."""
    return names if len(names) == count else [f"class-{number}" for number in range(count)]
