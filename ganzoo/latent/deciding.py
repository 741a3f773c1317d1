"""Directions by what a classifier says of samples, in the manner of InterFaceGAN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent.directions import points_of
from ganzoo.latent.judging import CLASS, judge_of

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: Samples that are shown to the extractor.
DECISIONS = 4096
#: A class with fewer members, or with fewer others, gets no direction.
FEWEST = 20
#: Means count as apart beyond so many standard deviations of what chance would do.
SURE = 4.0
#: Directions of attributes, if no number is asked for.
CLEAREST = 8


def class_means(
    model: Model, by: str, k: int | None, seed: int, label: int | str | None
) -> dict[str, Tensor]:
    """For each class or value by name: the mean of its latents or styles minus the others' mean.

    The k that explain most of the points' variance, first one of each attribute; all classes if k
    is None.
    """
    points, groups = _decided(model, by, seed, label)
    spread = points.std(0).clamp_min(1e-12)
    ways, clear = dict[str, Tensor](), dict[str, float]()
    for name, (_, members) in groups.items():
        some, others = points[members], points[~members]
        if min(len(some), len(others)) >= FEWEST:
            ways[name] = some.mean(0) - others.mean(0)
            # Two random halves lie apart too, the smaller ones the farther.
            chance = points.shape[1] * (1 / len(some) + 1 / len(others))
            far = float((ways[name] / spread).square().sum()) - chance
            if far > SURE * chance * math.sqrt(2 / points.shape[1]):  # of a chi square's deviation
                clear[name] = far * len(some) * len(others) / len(points) ** 2
    if not clear:
        raise UsageError(
            f"no {by} of {len(points)} samples of {model.card.name} shows in its "
            f"{'styles' if isinstance(model.generator, StyleGenerator) else 'latents'}: none has "
            f"{FEWEST} for it and against it that lie farther apart than by chance; use pca"
        )
    best = _varied(sorted(clear, key=lambda name: -clear[name]), groups)
    kept = best[: k or (CLEAREST if by == "attribute" else None)]
    return {name: way for name, way in ways.items() if name in kept}


#: By name: the attribute, and the points with the value, bool [n].
Groups = dict[str, tuple[str, Tensor]]


def _varied(names: Sequence[str], groups: Groups) -> list[str]:
    """The first of each attribute, then the second of each, ..."""
    ranks: dict[str, int] = {}
    met: dict[str, int] = {}
    for name in names:
        attribute, _ = groups[name]
        ranks[name] = met[attribute] = met.get(attribute, -1) + 1
    return sorted(names, key=lambda name: ranks[name])


def _decided(model: Model, by: str, seed: int, label: int | str | None) -> tuple[Tensor, Groups]:
    """Points [n, D or W], and those with each class or value."""
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
    names = model.class_names or [f"class-{number}" for number in range(classes)]
    groups = {each: (CLASS, labels == number) for number, each in enumerate(names)}
    return points_of(model, DECISIONS, seed, labels), groups


def _judged(model: Model, by: str, seed: int, label: int | str | None) -> tuple[Tensor, Groups]:
    """The same for samples that the extractor of the model's data set judges."""
    try:
        judge = judge_of(model, by)
    except UsageError as error:
        raise UsageError(f"{error}; use pca") from None
    drawn = model.labels(DECISIONS, seed=seed) if label is None else label
    given: Any = {"conditions": drawn} if model.generator.condition_shape else {"labels": drawn}
    answers = judge.answers(model.batches(DECISIONS, seed=seed, **given))
    questions = judge.questions(answers)
    groups = {one.name: (one.attribute, answers.decided(one)) for one in questions}
    return points_of(model, DECISIONS, seed, given.get("labels")), groups
