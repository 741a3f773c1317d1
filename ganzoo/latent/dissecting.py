"""Which units of a generator cause what (GAN Dissection, Bau et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

import torch
from torch import Tensor

from ganzoo.arguments import seed_of, whole
from ganzoo.errors import UsageError
from ganzoo.latent.effects import Effect, effect_on
from ganzoo.latent.judging import Answers, Judge, Question, asked_for, judge_of
from ganzoo.latent.units import Layer, layer_of, seen, without
from ganzoo.latent.walking import require_latents

if TYPE_CHECKING:
    from ganzoo.zoo import Model
    from ganzoo.zoo.requests import Options

Removal = Literal["zero", "mean"]
REMOVALS: tuple[str, ...] = get_args(Removal)
#: Samples on which units are chosen, and as many others on which their removal is measured.
SAMPLES = 64
#: A property that fewer of the samples have, or lack, is not looked into, if there are others.
FEWEST = 8
#: Numbers of units that are removed together, up to a quarter of a layer.
SIZES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Cause:
    """The units whose removal lowers the probability of the property `name` most, strongest first.

    `sets` has for each number of them what removing so many does, on samples that had no part in
    choosing. The first `best` of them gain most on the samples that had: the share of the property
    that is lost minus the mean share of other attributes that change.
    """

    name: str
    units: tuple[int, ...]
    sets: dict[int, Effect]
    best: int

    @property
    def effect(self) -> Effect:
        """What removing the `best` first units does."""
        return self.sets[self.best]


@dataclass(frozen=True, eq=False)
class Dissection:
    """Effects of a layer's units on what a judge says of samples.

    `effects` [units, properties] is the mean drop of each property's probability if a single unit
    is set to `removal`; `causes` has the sets of units of the properties that can be turned off
    best. `samples` were used to choose, and as many others to measure sets.
    """

    layer: Layer
    properties: tuple[str, ...]
    effects: Tensor
    causes: tuple[Cause, ...]
    judge: str
    removal: str
    values: Tensor
    samples: int
    seed: int
    options: Any = field(repr=False)

    def count(self, cause: Cause) -> int:
        """How many of the samples on which sets were measured have a property."""
        return round(cause.effect.had * self.samples)

    def draw(self, model: Model, cause: Cause, most: int = 8) -> tuple[Tensor, Tensor]:
        """Up to `most` samples [m, *S] that have a property, and the same without its units.

        They are among the samples on which sets were measured.
        """
        judge, latents = judge_of(model), _latents(model, self.samples, self.seed)[1]
        draw = _drawing(model, self.options)
        before = draw(latents)
        answers = judge.answers([before])
        (question,) = asked_for([cause.name], judge.questions(answers))
        rows = answers.decided(question).nonzero()[:most, 0]
        with _off(model, self.layer, cause.units[: cause.best], self.values):
            after = draw(latents)
        return before[rows], after[rows]


def dissect(
    model: Model,
    layer: str | None = None,
    *,
    of: Sequence[str] = (),
    k: int = 8,
    removal: Removal = "zero",
    n: int = SAMPLES,
    **options: Unpack[Options],
) -> Dissection:
    """Find the units of a layer whose removal lowers the probability of a property most.

    A unit's effect is E_z[p(G(z))] - E_z[p(G without u (z))], the part of the average causal effect
    (Bau et al. 2019, eq. 4) that removal has, everywhere in the picture, with p the probability
    that the extractor of the model's data set gives an attribute's value or a class. It is measured
    for every single unit, on n samples; a property's units are then ranked by it, and the first 1,
    2, 4, ... are removed together, which is measured on n others. `removal` sets units to zero, or
    to their mean. `of` names properties; by default the k that can be turned off best. `options`
    are those of `Model.sample`; `seed` is 0 by default.
    """
    if removal not in REMOVALS:
        raise UsageError(f"removal is zero or mean, found {removal!r}")
    require_latents(model)
    place, judge = layer_of(model, layer), judge_of(model)
    n, k = whole("n", n, least=8), whole("k", k, least=1)
    seed = seed_of(options.get("seed") or 0)
    options["seed"] = seed
    search = _Search(model, place, judge, removal, n, seed, options)
    asked = asked_for(of, search.questions) if of else search.common
    if not asked:
        raise UsageError(
            f"all of {n} samples of {model.card.name} have the same properties, as far as "
            f"{judge.extractor.name} judges, so no unit can cause them; give a larger n"
        )
    effects = search.single(asked)
    tried = range(len(asked)) if of else search.strongest(asked, effects)[: 2 * k]
    found = [search.choice(asked[column], effects[:, column]) for column in tried]
    if not of:
        found.sort(key=lambda choice: -choice.gain)
    return Dissection(
        layer=place,
        properties=tuple(question.name for question in asked),
        effects=effects,
        causes=tuple(search.measured(choice) for choice in found[: len(of) or k]),
        judge=judge.extractor.name,
        removal=removal,
        values=search.values,
        samples=n,
        seed=seed,
        options=options,
    )


@dataclass(frozen=True, eq=False)
class _Choice:
    """The units chosen for a property."""

    question: Question
    units: tuple[int, ...]
    sizes: list[int]
    best: int
    gain: float


class _Search:
    """The search for units: samples to choose with, and others to measure with."""

    def __init__(
        self,
        model: Model,
        layer: Layer,
        judge: Judge,
        removal: str,
        n: int,
        seed: int,
        options: Options,
    ) -> None:
        self.model, self.layer, self.judge = model, layer, judge
        self.latents, self.draw = _latents(model, n, seed), _drawing(model, options)
        with seen(model, layer) as passes:
            first = judge.answers([self.draw(self.latents[0])])
        maps = torch.cat([one for one in passes if len(one) > 1])
        self.values = maps.mean((0, 2, 3)) if removal == "mean" else torch.zeros(layer.units)
        self.idle = (maps == self.values[:, None, None]).flatten(2).all(2).all(0)
        self.before = (first, judge.answers([self.draw(self.latents[1])]))
        self.questions = judge.questions(first)

    @property
    def common(self) -> tuple[Question, ...]:
        """The properties that enough samples have and lack; fewer must do if there are none."""
        n = len(self.latents[0])
        counts = [int(self.before[0].decided(one).sum()) for one in self.questions]
        rarest = [min(count, n - count) for count in counts]
        enough = max(1, min(FEWEST, max(rarest) // 2))
        return tuple(
            one for one, least in zip(self.questions, rarest, strict=True) if least >= enough
        )

    def single(self, asked: Sequence[Question]) -> Tensor:
        """The effect of each unit alone: float32 [units, questions]."""
        effects = torch.zeros(self.layer.units, len(asked))
        known = torch.stack([self.before[0].probability(one).mean() for one in asked])
        for unit in range(self.layer.units):
            if not self.idle[unit]:
                after = self.after((unit,), 0)
                effects[unit] = known - torch.stack([after.probability(q).mean() for q in asked])
        return effects

    def strongest(self, asked: Sequence[Question], effects: Tensor) -> list[int]:
        """The properties in the order of how much of each its strongest units cause alone."""
        there = torch.stack([self.before[0].probability(one).mean() for one in asked])
        top = effects.clamp_min(0).topk(min(SIZES[3], len(effects)), dim=0).values.sum(0)
        return [int(column) for column in (top / there).argsort(descending=True, stable=True)]

    def choice(self, question: Question, effects: Tensor) -> _Choice:
        """The units of a property, by their own effects, and how many of them to remove."""
        order = effects.argsort(descending=True, stable=True)
        ranked = tuple(int(unit) for unit in order[: max(1, self.layer.units // 4)])
        sizes = [size for size in SIZES if size <= len(ranked)]
        gains = {size: self._gain(question, ranked[:size]) for size in sizes}
        best = max(sizes, key=lambda size: gains[size])
        return _Choice(question, ranked[: sizes[-1]], sizes, best, gains[best])

    def _gain(self, question: Question, units: Sequence[int]) -> float:
        effect = effect_on(question, self.before[0], self.after(units, 0))
        return (effect.lost or 0.0) - (effect.others or 0.0)

    def measured(self, choice: _Choice) -> Cause:
        """What sets of units do, on the other samples."""
        sets = {
            size: effect_on(choice.question, self.before[1], self.after(choice.units[:size], 1))
            for size in choice.sizes
        }
        return Cause(choice.question.name, choice.units, sets, choice.best)

    def after(self, units: Sequence[int], part: int) -> Answers:
        """What the judge says of samples without some units."""
        with _off(self.model, self.layer, units, self.values):
            return self.judge.answers([self.draw(self.latents[part])])


def _latents(model: Model, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Those with which units are chosen, and those with which they are measured: [n, D] each."""
    return model.latents(n, seed=seed), model.latents(n, seed=seed, start=n)


def _drawing(model: Model, options: Options) -> Callable[[Tensor], Tensor]:
    """Draws the samples of latents."""

    def draw(latents: Tensor) -> Tensor:
        given: Options = {**options, "latents": latents}
        return model.sample(**given)

    return draw


def _off(model: Model, layer: Layer, units: Sequence[int], values: Tensor) -> Any:
    """Units at their values of removal."""
    numbers = torch.tensor(units)
    return without(model, layer, numbers, values[numbers])
