"""What a change of samples does to one property, and what else it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Unpack

import torch
from torch import Tensor

from ganzoo.arguments import seed_of, whole
from ganzoo.latent.directions import Directions, edit
from ganzoo.latent.judging import Answers, Judge, Question, judge_of

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options

#: Samples on which directions are measured.
MEASURED = 256


@dataclass(frozen=True)
class Effect:
    """What changed about n samples; shares lie in [0, 1].

    `had` and `has` are the shares of samples with the property, as the judge decides, before and
    after. `gained` is the share of those without it that have it afterwards, `lost` of those with
    it that lack it, None if there were none. `change` is the mean change of its probability.
    `others` is the mean, over all other attributes, of the share of samples that the judge decides
    otherwise than before; `most_moved` is the attribute where that share, `most`, is largest.
    """

    had: float
    has: float
    gained: float | None
    lost: float | None
    change: float
    others: float | None = None
    most_moved: str | None = None
    most: float | None = None


def effect_on(question: Question, before: Answers, after: Answers) -> Effect:
    """What a change of samples does to a property and to the other attributes."""
    had, has = before.decided(question), after.decided(question)
    change = after.probability(question) - before.probability(question)
    moved = {
        attribute: _share(before.choices(attribute) != after.choices(attribute))
        for attribute in before.values
        if attribute != question.attribute
    }
    most = max(moved, key=lambda name: moved[name], default=None)
    return Effect(
        had=_share(had),
        has=_share(has),
        gained=_share(has[~had]) if (~had).any() else None,
        lost=_share(~has[had]) if had.any() else None,
        change=float(change.double().mean()),
        others=sum(moved.values()) / len(moved) if moved else None,
        most_moved=most,
        most=None if most is None else moved[most],
    )


@dataclass(frozen=True)
class Measured:
    """A direction and what it does to `property`, at its positive and its negative end.

    The property is the one that the direction is named after, else the one that it changes most.
    """

    direction: str
    property: str
    up: Effect
    down: Effect

    def as_json(self) -> dict[str, Any]:
        """A mapping of plain numbers, rounded to what a judge's float32 supports."""
        return {
            "direction": self.direction,
            "property": self.property,
            "up": rounded(self.up),
            "down": rounded(self.down),
        }


def measure(
    model: Model,
    directions: Directions,
    *,
    n: int = MEASURED,
    reach: float = 3.0,
    **options: Unpack[Options],
) -> list[Measured]:
    """What each direction does to n samples moved by `reach` sigmas to both sides.

    The extractor of the model's data set judges. `options` are those of `Model.sample`; `seed` is 1
    by default, another than that with which directions are found. `UsageError` if nothing can
    judge.
    """
    seed = seed_of(options.get("seed") or 1)
    by = directions.method if directions.method in ("label", "attribute") else None
    judge, latents = judge_of(model, by), model.latents(whole("n", n, least=2), seed=seed)
    options["seed"] = seed

    def after(amounts: dict[str, float]) -> Answers:
        return judge.answers([edit(model, latents, directions, amounts, **options.copy())])

    before = after({})
    return [
        _measured(judge, name, before, after({name: reach}), after({name: -reach}))
        for name in directions.names
    ]


def _measured(judge: Judge, name: str, before: Answers, up: Answers, down: Answers) -> Measured:
    questions = judge.questions(before)
    own = next((one for one in questions if one.name == name), None)
    if own is None:
        own = max(questions, key=lambda one: _difference(one, up, down))
    return Measured(name, own.name, effect_on(own, before, up), effect_on(own, before, down))


def _difference(question: Question, up: Answers, down: Answers) -> float:
    """How far apart the mean probabilities at both ends are."""
    return abs(float((up.probability(question) - down.probability(question)).double().mean()))


def as_rows(measured: Sequence[Measured]) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a table."""
    header = ["DIRECTION", "PROPERTY", "HAVE IT", "GAIN AT +", "LOSE AT -", "PROBABILITY"]
    rows = [
        [
            one.direction,
            one.property,
            percent(one.up.had),
            percent(one.up.gained),
            percent(one.down.lost),
            f"{one.down.change:+.2f} to {one.up.change:+.2f}",
            *_side_effects(one),
        ]
        for one in measured
    ]
    return [*header, "OTHERS CHANGE", "MOST"], rows


def _side_effects(one: Measured) -> list[str]:
    """The mean of both ends, and the attribute that moved most at either."""
    if one.up.others is None or one.down.others is None:
        return ["-", "-"]
    worst = max(one.up, one.down, key=lambda end: end.most or 0.0)
    mean = (one.up.others + one.down.others) / 2
    return [percent(mean), f"{worst.most_moved} {percent(worst.most)}"]


def percent(share: float | None) -> str:
    """A share as people read it; a dash if nothing could have changed."""
    return "-" if share is None else f"{100 * share:.0f}%"


def rounded(effect: Effect) -> dict[str, Any]:
    """An effect as a mapping."""
    values = asdict(effect)
    return {key: round(v, 5) if isinstance(v, float) else v for key, v in values.items()}


def _share(members: Tensor) -> float:
    return float(members.to(torch.float64).mean())
