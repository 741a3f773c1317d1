"""Checks of a figure: a number for real samples and for noise, repeatable, and the right way up.

It is tried on a data set that it applies to: its plugin's, or one in the core's package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import torch

from ganzoo.data.splits import Half
from ganzoo.errors import GanzooError, MetricError, one_line
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.measurement import FigureSpec
from ganzoo.measure.plugin_figures import PluginFigures, applies, figure_of, value_of
from ganzoo.measure.sample_set import NEEDS, SampleSet
from ganzoo.measure.sources import TensorSource
from ganzoo.plugins import CORE
from ganzoo.specs import Part
from ganzoo.testing.failures import Skipped
from ganzoo.testing.game_data import POINTS, opened
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.subjects import FigureSubject

#: Samples that a figure is tried on.
TRIED = 500
#: The core's data sets that are in its package.
COMMON = (Part(f"{CORE}/mnist-mini"), Part(f"{CORE}/ring", {"length": POINTS}))
#: How far two values of the same samples may differ, relative to the greater one.
ROUNDING = 1e-5


def check_says(subject: FigureSubject) -> str:
    """It declares its title, its protocol, its direction and its needs."""
    figure = _declared(subject)
    return f"{figure.title} {figure.arrow}: {figure.what}"


def check_number(subject: FigureSubject) -> str:
    """Real samples and noise each get one finite number, and stay unchanged."""
    trial, values = _trial(subject), []
    for sampled in (trial.real, trial.noise):
        before = sampled.samples.clone()
        values.append(_value(subject, trial.figure, sampled))
        if not equal(before, sampled.samples):
            raise subject.wrong(
                "measure() changes drawn.samples in place, so the next figure would see others: "
                "write .clone() before, or use an operation that makes a new tensor",
                r"\w_\(|[-+*/]=|\] =",
            )
    return f"{values[0]:.4g} for real samples of {trial.name}, {values[1]:.4g} for noise"


def check_floor(subject: FigureSubject) -> None:
    """Real samples get the same number twice, whatever the state of torch's generators."""
    trial, values = _trial(subject), []
    for seed in (1, 2):
        with seeded(seed):
            values.append(_value(subject, trial.figure, trial.real))
    one, other = values
    if abs(one - other) > ROUNDING * max(abs(one), abs(other)):
        raise subject.wrong(
            f"the same real samples get {one:.6g} and then {other:.6g}: something is drawn in "
            "measure(); use torch.Generator().manual_seed(drawn.seed)",
            r"rand|random|shuffle|perm|multinomial",
        )


def check_direction(subject: FigureSubject) -> str:
    """Real samples are not worse than noise."""
    trial = _trial(subject)
    figure = trial.figure
    real, noise = (_value(subject, figure, sampled) for sampled in (trial.real, trial.noise))
    if figure.badness(real, floor=real) > figure.badness(noise, floor=real):
        best = "" if figure.best is None else f" and best is {figure.best:g}"
        raise subject.wrong(
            f"real samples of {trial.name} get {real:.4g} and noise {noise:.4g}, and direction is "
            f"{figure.direction!r}{best}: noise would be the better model; reverse direction, or "
            "change what is measured",
            "direction",
        )
    return f"real {real:.4g}, noise {noise:.4g}"


class Trial:
    """A figure beside a data set that it applies to, with real samples and noise."""

    def __init__(self, figure: FigureSpec, part: Part, data: Dataset) -> None:
        self.figure, self.name, self.data = figure, part.name, data
        self.extractor = _extractor(figure, part)

    @cached_property
    def real(self) -> SampleSet:
        """Real samples, as for the floor; with paired conditions, each is its own target."""
        offered = PluginFigures((self.figure,), (Half(self.data, 0), Half(self.data, 1)))
        real = offered.real_samples(self.figure, TRIED, self.extractor)
        if self.data.condition_shape is None or not self.data.paired:
            return real
        targets = real.samples.clone()
        source = TensorSource(real.samples, real.source.name, labels=real.labels, targets=targets)
        return replace(real, source=source, _kept={})

    @cached_property
    def noise(self) -> SampleSet:
        """As many samples of noise, with the same labels and targets."""
        real = self.real
        rng = torch.Generator().manual_seed(0)
        noise = torch.rand(real.n, *self.data.sample_shape, generator=rng)
        span = (float(real.samples.min()), float(real.samples.max()))
        low, high = self.data.value_range or span
        noise = noise * (high - low) + low
        source = TensorSource(noise, "noise", labels=real.labels, targets=real.targets)
        return replace(real, source=source, _kept={})


def _extractor(figure: FigureSpec, part: Part) -> Extractor | None:
    """The data set's extractor, if the figure needs one."""
    if not figure.named_after_extractor:
        return None
    name, _ = extractors_of(part)
    if name is None:
        raise Skipped(f"it needs an extractor, and {part.name} names none")
    try:
        return open_extractor(name)
    except GanzooError as error:
        raise Skipped(f"{name} is not on this machine: {one_line(error)}") from error


def _declared(subject: FigureSubject) -> FigureSpec:
    """The figure with its declarations, if they are sound."""
    subject.made()
    try:
        return figure_of(subject.offer, **subject.arguments)
    except MetricError as error:
        problem = str(error).removeprefix(f"metric {subject.offer.qualified}: ")
        raise subject.wrong(problem, r"title|protocol|direction|needs", "__init__") from error


def _trial(subject: FigureSubject) -> Trial:
    """The figure beside the first data set that it applies to; skips the check without one."""
    figure = _declared(subject)
    if "model" in figure.needs:
        raise Skipped("it needs a model, which real samples and noise do not have")
    for part, data in _data(subject):
        try:
            if not applies(figure, data):
                continue
            trial = Trial(figure, part, data)
            missing = trial.real.lacks(figure.needs)
        except MetricError as error:
            raise subject.wrong(str(error), method="applies_to") from error
        if missing:
            what = " and ".join(NEEDS[name] for name in missing)
            raise Skipped(f"it needs {what}, and {trial.name} has none")
        return trial
    raise Skipped(
        "it applies to none of its plugin's data sets that are here, nor to mnist-mini or ring"
    )


def _data(subject: FigureSubject) -> Iterator[tuple[Part, Dataset]]:
    """The data sets that it may apply to."""
    for part in (*subject.own, *COMMON):
        data = opened(subject.world, part)
        if data is not None and len(data) > 1:
            yield part, data


def _value(subject: FigureSubject, figure: FigureSpec, sampled: SampleSet) -> float:
    try:
        return value_of(figure, sampled)
    except MetricError as error:
        problem = str(error).removeprefix(f"metric {figure.key}: ")
        raise subject.wrong(f"for {sampled.source.name}: {problem}") from error
