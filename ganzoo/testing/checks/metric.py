"""Checks of a figure: a number of real samples and of noise, the same twice, and the right way up.

It is tried on a data set that it applies to: its plugin's, or one in the core's package.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo.data.splits import Half
from ganzoo.errors import GanzooError, MetricError, one_line
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, Extractor, Figure
from ganzoo.measure.draws import NEEDS, Sampled, Tensors
from ganzoo.measure.figures import Known, figure_of
from ganzoo.measure.plugin_figures import Offered, applies, value_of
from ganzoo.plugins import CORE
from ganzoo.specs import Part
from ganzoo.testing.failures import Blocked, Skipped, wrong
from ganzoo.testing.game_data import POINTS, opened
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.subjects import DatasetSubject, FigureSubject

#: Samples that a figure is tried on, at the most.
TRIED = 500
#: The core's data sets that are in its package.
COMMON = (Part(f"{CORE}/mnist-mini"), Part(f"{CORE}/ring", {"length": POINTS}))
#: How far, of itself, a figure of the same samples may lie from itself.
ROUNDING = 1e-5


def check_says(subject: FigureSubject) -> str:
    """It says its title, its protocol and its direction, and what it needs."""
    figure = _known(subject)
    return f"{figure.title} {figure.arrow}: {figure.what}"


def check_number(subject: FigureSubject) -> str:
    """Of real samples and of noise it gives one finite number, and leaves them as they are."""
    found, values = _tried(subject), []
    for sampled in (found.real(), found.noise()):
        before = sampled.samples.clone()
        values.append(_value(subject, found.figure, sampled))
        if not equal(before, sampled.samples):
            raise wrong(
                "measure() changes drawn.samples in place, and the next figure would see others; "
                "write .clone() before, or use what gives a new tensor",
                subject.line(r"\w_\(|[-+*/]=|\] ="),
            )
    return f"{values[0]:.4g} of real samples of {found.name}, {values[1]:.4g} of noise"


def check_floor(subject: FigureSubject) -> None:
    """Real samples get the same number twice, whatever the state of torch's generators."""
    found, values = _tried(subject), []
    for seed in (1, 2):
        with seeded(seed):
            values.append(_value(subject, found.figure, found.real()))
    one, other = values
    if abs(one - other) > ROUNDING * max(abs(one), abs(other)):
        raise wrong(
            f"the same real samples get {one:.6g} and then {other:.6g}: something is drawn in "
            "measure(); take torch.Generator().manual_seed(drawn.seed)",
            subject.line(r"rand|random|shuffle|perm|multinomial"),
        )


def check_direction(subject: FigureSubject) -> str:
    """Real samples are not worse than noise."""
    found = _tried(subject)
    real = _value(subject, found.figure, found.real())
    noise = _value(subject, found.figure, found.noise())
    if found.figure.badness(real, floor=real) > found.figure.badness(noise, floor=real):
        best = "" if found.figure.best is None else f" and best is {found.figure.best:g}"
        raise wrong(
            f"real samples of {found.name} get {real:.4g} and noise {noise:.4g}, and direction is "
            f"{found.figure.direction!r}{best}: noise would be the better model; turn it round, "
            "or change what is measured",
            subject.line("direction"),
        )
    return f"real {real:.4g}, noise {noise:.4g}"


def check_extractor(subject: DatasetSubject) -> str:
    """The extractor and the control that a data set names are there, and take its samples."""
    data = subject.data()
    if data.extractor is None:
        if data.control is not None:
            raise wrong(
                f"control is {data.control!r}, and there is no extractor to control; name one in "
                "`extractor`",
                subject.line("control"),
            )
        return "it names none"
    for name in filter(None, (data.extractor, data.control)):
        _check_takes(subject, data, name)
    return data.extractor


def _check_takes(subject: DatasetSubject, data: Dataset, name: str) -> None:
    """Refuse an extractor that nobody offers, or that takes other samples."""
    at = subject.line(r"extractor|control")
    try:
        subject.world.registry.find("extractor", name.partition(":")[0])
    except GanzooError as error:
        raise wrong(f"{one_line(error)}; `ganzoo plugins` lists them", at) from error
    try:
        extractor = open_extractor(name)
    except GanzooError as error:
        raise Skipped(f"{name} is not on this machine: {one_line(error)}") from error
    shape = extractor.sample_shape
    if shape is not None and tuple(shape) != tuple(data.sample_shape):
        raise wrong(
            f"samples are {list(data.sample_shape)}, and {name} takes {list(shape)}; name one "
            "that takes them, or leave `extractor` None",
            at,
        )


class Tried:
    """A figure beside a data set that it applies to: real samples and noise to try it on."""

    def __init__(self, figure: Known, part: Part, data: Dataset) -> None:
        self.figure, self.name, self.data = figure, part.name, data
        self.offered = Offered((figure,), (Half(data, 0), Half(data, 1)))
        self.extractor = _extractor(figure, part)

    def real(self) -> Sampled:
        """Real samples, as for the floor; where they answer conditions, each is its own target."""
        found = self.offered.real_samples(self.figure, TRIED, self.extractor)
        if self.data.condition_shape is None or not self.data.paired:
            return found
        labels, targets = found.labels, found.samples.clone()
        source = Tensors(found.samples, found.source.name, labels=labels, targets=targets)
        return Sampled(source, found.n, 0, self.extractor, found.real)

    def noise(self) -> Sampled:
        """As many samples of noise, asked for the same labels and held against the same targets."""
        real = self.real()
        rng = torch.Generator().manual_seed(0)
        noise = torch.rand(real.n, *self.data.sample_shape, generator=rng)
        low, high = self.data.value_range or _range(real.samples)
        noise = noise * (high - low) + low
        source = Tensors(noise, "noise", labels=real.labels, targets=real.targets)
        return Sampled(source, real.n, 0, self.extractor, real.real)


def _range(samples: Tensor) -> tuple[float, float]:
    return float(samples.min()), float(samples.max())


def _extractor(figure: Known, part: Part) -> Extractor | None:
    """The extractor of the data set, where the figure needs one."""
    if not figure.named_after:
        return None
    name, _ = extractors_of(part)
    if name is None:
        raise Skipped(f"it needs an extractor, and {part.name} names none")
    try:
        return open_extractor(name)
    except GanzooError as error:
        raise Skipped(f"{name} is not on this machine: {one_line(error)}") from error


def _known(subject: FigureSubject) -> Known:
    """The figure with what it says of itself."""
    if not isinstance(subject.made(), Figure):
        raise Blocked("check_builds", "it is no ganzoo.Figure")
    try:
        return figure_of(subject.entry, **subject.arguments)
    except MetricError as error:
        said = str(error).removeprefix(f"metric {subject.entry.qualified}: ")
        raise wrong(said, subject.line(r"title|protocol|direction|needs", "__init__")) from error


def _tried(subject: FigureSubject) -> Tried:
    """The figure beside the first data set that it applies to; skipped where there is none."""
    figure = _known(subject)
    if "model" in figure.needs:
        raise Skipped("it needs a model: real samples and noise have none")
    for part, data in _data(subject):
        try:
            if applies(figure, data):
                return _with_what_it_needs(Tried(figure, part, data))
        except MetricError as error:
            raise wrong(str(error), subject.line(method="applies_to")) from error
    raise Skipped(
        "it applies to none of its plugin's data sets that are here, nor to mnist-mini or ring"
    )


def _with_what_it_needs(tried: Tried) -> Tried:
    if lacking := tried.real().lacks(tried.figure.needs):
        what = " and ".join(NEEDS[name] for name in lacking)
        raise Skipped(f"it needs {what}, and {tried.name} has none")
    return tried


def _data(subject: FigureSubject) -> Iterator[tuple[Part, Dataset]]:
    """The data sets that it may apply to, each built."""
    for part in (*subject.own, *COMMON):
        data = opened(subject.world, part)
        if data is not None and len(data) > 1:
            yield part, data


def _value(subject: FigureSubject, figure: Known, sampled: Sampled) -> float:
    try:
        return value_of(figure, sampled)
    except MetricError as error:
        said = str(error).removeprefix(f"metric {figure.key}: ")
        raise wrong(f"of {sampled.source.name}: {said}", subject.line()) from error
