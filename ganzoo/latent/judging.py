"""Questions about samples, answered by the extractor of a model's data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo.build import dataset_class
from ganzoo.errors import UsageError, did_you_mean, one_line
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Extractor
from ganzoo.specs import Part

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: The outputs of an extractor that are the scores of an attribute begin so.
ATTRIBUTE = "attribute:"
#: The attribute that an extractor without attributes judges.
CLASS = "class"
#: The name of the value of an absent thing.
NONE = "none"


@dataclass(frozen=True, eq=False)
class Question:
    """Whether a sample has one of some values of an attribute: `yes` is bool [K].

    `glasses` asks whether there are any, `hair-long04` for one value.
    """

    name: str
    attribute: str
    yes: Tensor


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities float32 [n, K] of the values of each attribute, of n samples."""

    values: Mapping[str, Tensor]

    def probability(self, question: Question) -> Tensor:
        """How probable yes is: float32 [n]."""
        return self.values[question.attribute][:, question.yes].sum(1)

    def decided(self, question: Question) -> Tensor:
        """Whether the most probable value is one of yes: bool [n]."""
        return question.yes[self.choices(question.attribute)]

    def choices(self, attribute: str) -> Tensor:
        """The most probable value: int64 [n]."""
        return self.values[attribute].argmax(1)


@dataclass(frozen=True, eq=False)
class Judge:
    """An extractor, and all questions that it answers."""

    extractor: Extractor
    by: str
    names: Mapping[str, Sequence[str]]

    def answers(self, batches: Iterable[Tensor]) -> Answers:
        """What it says of samples [n, *S], given piece by piece."""
        found: dict[str, list[Tensor]] = {}
        with torch.no_grad():
            for batch in batches:
                for name, scores in scores_of(self.extractor, self.by, batch).items():
                    found.setdefault(name, []).append(scores.float().softmax(1))
        return Answers({name: torch.cat(pieces) for name, pieces in found.items()})

    def questions(self, answers: Answers) -> tuple[Question, ...]:
        """All that such answers tell: for each attribute, whether it is there, and each value."""
        return tuple(
            question
            for attribute, values in answers.values.items()
            for question in self._about(attribute, values.shape[1])
        )

    def _about(self, attribute: str, count: int) -> Iterator[Question]:
        names = self.names.get(attribute, ())
        if len(names) != count:
            prefix = "class-" if attribute == CLASS else ""
            names = [f"{prefix}{number}" for number in range(count)]
        each = torch.eye(count, dtype=torch.bool)
        if NONE in names:
            yield Question(attribute, attribute, ~each[list(names).index(NONE)])
        for name, yes in zip(names, each, strict=True):
            if name == NONE or not name or (NONE in names and count == 2):
                continue  # asked already, or not worth asking
            yield Question(name if attribute == CLASS else f"{attribute}-{name}", attribute, yes)


def judge_of(model: Model, by: str | None = None) -> Judge:
    """The judge of a model's samples: by its `attribute`s or its `label`s; by either if None.

    It is the extractor of the model's data set. `UsageError` if there is none, or if it
    publishes neither the scores of attributes nor those of classes.
    """
    data = model.card.require_config().recipe.data
    name, _ = extractors_of(data)
    if name is None:
        raise UsageError(
            f"data set {data.name} names no extractor, so nothing can judge samples of "
            f"{model.card.name}"
        )
    extractor = open_extractor(name)
    sample = model.sample(1, seed=0)
    for kind in ("attribute", "label") if by is None else (by,):
        if _answers(extractor, kind, sample, model.card.name):
            names = extractor.value_names if kind == "attribute" else {CLASS: _class_names(data)}
            return Judge(extractor, kind, names)
    raise UsageError(f"extractor {name} judges by no {by or 'attribute and no label'}")


def _answers(extractor: Extractor, kind: str, sample: Tensor, name: str) -> bool:
    """Whether the extractor judges by that; `UsageError` if it takes no samples of this shape."""
    try:
        return bool(scores_of(extractor, kind, sample))
    except RuntimeError as error:
        raise UsageError(
            f"extractor {extractor.name} takes no samples of {[*sample.shape[1:]]}, which "
            f"{name} draws: {one_line(error)}"
        ) from error


def scores_of(extractor: Extractor, by: str, samples: Tensor) -> dict[str, Tensor]:
    """The scores [n, K] of each attribute, or those of the classes."""
    outputs = extractor.outputs(samples)
    if by == "label":
        return {CLASS: outputs["logits"]} if "logits" in outputs else {}
    named = {key for key in outputs if key.startswith(ATTRIBUTE)}
    return {key.removeprefix(ATTRIBUTE): outputs[key] for key in outputs if key in named}


def asked_for(names: Sequence[str], questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions of some names, in this order; `UsageError` with the nearest names."""
    known = {question.name: question for question in questions}
    for name in names:
        if name not in known:
            near = did_you_mean(name, known, otherwise="there are: {}")
            raise UsageError(f"nobody can judge {name!r}; {near}")
    return tuple(known[name] for name in names)


def _class_names(data: Part) -> Sequence[str]:
    """The names of a data set's classes, if its class has them."""
    return dataset_class(data).class_names or ()
