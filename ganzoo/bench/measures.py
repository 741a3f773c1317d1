"""What protocols measure: each a function of samples, with the columns that it gives."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.bench.controls import real
from ganzoo.build import build, offer_of, offers_of, taken_arguments
from ganzoo.data.points import GaussianMixture
from ganzoo.data.splits import splits
from ganzoo.errors import ConfigError, MetricError, UnknownNameError, did_you_mean
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, Extractor, Figure
from ganzoo.measure.core_figures import counted
from ganzoo.measure.draws import Sampled, Tensors
from ganzoo.measure.evaluate import SAMPLES
from ganzoo.measure.features import Seen, check_enough, look
from ganzoo.measure.figures import Known, figure_of, known
from ganzoo.measure.plugin_figures import Offered, Splits, applies, value_of
from ganzoo.metrics import Moments, frechet_distance, stacked_modes
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part, write_record
from ganzoo.zoo import Model

#: Real images that the Fréchet distance is taken to, at the most.
TEST_IMAGES = 10_000
#: Real samples on which a plugin's figure is tried before anything is trained, at the most.
TRIED = 500


@dataclass(frozen=True)
class Column:
    """A figure in the table: its header, which may name an argument, and its format.

    `better` is an arrow: up, down, or to 1 where both sides of it are worse.
    """

    key: str
    header: str
    form: str
    better: str

    def text(self, value: float) -> str:
        """The value with the digits that mean something."""
        return format(value, self.form)


def column(key: str, form: str, header: str = "") -> Column:
    """A figure's column, in a paper's digits; `header` where the table has its own."""
    figure = known(key)
    return Column(key, header or figure.title, form, figure.arrow)


@dataclass(frozen=True)
class Measure:
    """A measure: `figures(sampled, data, device, **arguments)` gives a value for each column.

    `n` samples are drawn unless the protocol says otherwise; `defaults` are those of its other
    arguments. `check(n, **arguments)` refuses what could not be measured, and `attempt(data,
    device, **arguments)` tries it on real samples, before anything is trained. Results of another
    `version` are measured again: change it where the same samples give other values.
    """

    figures: Callable[..., Mapping[str, float | None]]
    columns: tuple[Column, ...]
    n: int
    version: int | str = 1
    check: Callable[..., None] = lambda n, **arguments: None
    attempt: Callable[..., None] | None = None
    defaults: Mapping[str, Any] | None = None

    def arguments(self, part: Part) -> dict[str, Any]:
        """All arguments, with the defaults of those that the protocol leaves open."""
        taken = inspect.signature(self.figures).parameters.values()
        open_ = {p.name: p.default for p in taken if p.kind is p.KEYWORD_ONLY}
        defaults = {"n": self.n, **(open_ if self.defaults is None else self.defaults)}
        for name in part.arguments:
            if name not in defaults:
                near = did_you_mean(name, defaults, otherwise="it takes: {}")
                raise ConfigError(f"measure {part.name} takes no argument {name!r}; {near}")
        found = {**defaults, **part.arguments}
        if type(found["n"]) is not int or found["n"] < 1:
            raise ConfigError(f"measure {part.name}: n is 1 sample or more, found {found['n']!r}")
        return found


def measure_named(part: Part) -> Measure:
    """The core's measure of that name, or a plugin's figure; an error says the nearest."""
    if part.name in MEASURES:
        return MEASURES[part.name]
    names = [offer.name for offer in offers_of(Figure)]
    if "/" in part.name or part.name in names:
        return measure_of(offer_of(Figure, part.name))
    near = did_you_mean(part.name, [*MEASURES, *names])
    raise UnknownNameError(f"there is no measure {part.name!r}; {near}")


def measure_of(entry: Offer) -> Measure:
    """A plugin's figure as a measure of one column; its class's arguments are the protocol's."""
    taken = taken_arguments(Figure, Part(entry.qualified))
    defaults = {name: p.default for name, p in taken.items() if p.default is not p.empty}
    figure = figure_of(entry)

    def figures(
        sampled: Sampled, data: Part, device: str, **arguments: Any
    ) -> dict[str, float | None]:
        name = arguments.pop("extractor", None)
        chosen, offered = offered_alone(entry, arguments, data)
        beside = offered.beside(sampled, shown_to(chosen, name, data, device))
        if isinstance(sampled.source, Control) and beside.lacks(chosen.needs):
            return {entry.name: None}  # noise was asked for no labels, and no model drew it
        return {entry.name: value_of(chosen, beside)}

    def attempt(data: Part, device: str, *, n: int, **arguments: Any) -> None:
        name = arguments.pop("extractor", None)
        chosen, offered = offered_alone(entry, arguments, data)
        looking = shown_to(chosen, name, data, device)
        sampled = offered.real_samples(chosen, min(n, TRIED), looking)
        if not sampled.lacks(chosen.needs):  # such as a model, of which there is none yet
            value_of(chosen, sampled)

    unit = figure.unit.strip()
    header = f"{figure.title} ({unit})" if unit else figure.title
    return Measure(
        figures,
        (Column(entry.name, header, f".{figure.digits}f", figure.arrow),),
        n=SAMPLES,
        version=f"{figure.what}, {figure.best}",
        attempt=attempt,
        defaults={**defaults, **({"extractor": None} if figure.named_after else {})},
    )


def offered_alone(entry: Offer, arguments: Mapping[str, Any], data: Part) -> tuple[Known, Offered]:
    """A plugin's figure with a protocol's arguments, and the real samples beside it."""
    figure, real = figure_of(entry, **arguments), both_splits(key_of(data))
    if not applies(figure, real[1]):
        raise MetricError(
            f"metric {figure.key} is not made for {data.name}; choose another measure"
        )
    return figure, Offered((figure,), real)


def shown_to(figure: Known, name: str | None, data: Part, device: str) -> Extractor | None:
    """The extractor that a plugin's figure needs: the one asked for, else the data set's."""
    if not figure.named_after:
        return None
    if chosen := name or extractors_of(data)[0]:
        return opened(chosen, device)
    raise MetricError(
        f"metric {figure.key} needs an extractor, and {data.name} names none; give the measure "
        'an argument "extractor"'
    )


@functools.lru_cache(maxsize=2)
def both_splits(data: str) -> Splits:
    """Training and test samples of a data set, by its `key_of`."""
    name, arguments = json.loads(data)
    return splits(Part(name, arguments))


def key_of(data: Part) -> str:
    """A data set's part as text, by which what is dear to make is kept."""
    return json.dumps([data.name, write_record(data.arguments)], sort_keys=True)


def sample_count(part: Part) -> int:
    """How many samples a measure draws of each model."""
    count: int = measure_named(part).arguments(part)["n"]
    return count


def check_measure(part: Part) -> None:
    """Refuse a measure that no samples could be measured by."""
    measure = measure_named(part)
    measure.check(**measure.arguments(part))


def try_measure(part: Part, data: Part, device: str) -> None:
    """Try a plugin's figure on real samples, so that no training is spent on one that fails."""
    measure = measure_named(part)
    if measure.attempt is not None:
        measure.attempt(data, device, **measure.arguments(part))


class Control(Tensors):
    """Samples that no training made."""


def measured(
    part: Part,
    samples: Tensor,
    data: Part,
    device: str,
    *,
    model: Model | None = None,
    seed: int = 0,
) -> Mapping[str, float | None]:
    """The figures of samples [N, *S] beside a data set, by column.

    They are a model's, drawn under a seed, or a control's where there is none.
    """
    measure = measure_named(part)
    arguments = measure.arguments(part)
    arguments.pop("n")
    source: Tensors = Control(samples, "control")
    if model is not None:
        labels = model.labels(len(samples), seed=seed)
        source = Tensors(samples, model.card.name, labels=labels, model=model)
    return measure.figures(Sampled(source, len(samples), seed), data, device, **arguments)


def modes(sampled: Sampled, data: Part, device: str) -> dict[str, float | None]:
    """Modes of a Gaussian mixture among points [N, 2] (Lin et al. 2018, section 4.1)."""
    mixture = build(Dataset, data)
    if not isinstance(mixture, GaussianMixture):
        raise MetricError(
            f"modes are counted of Gaussian mixtures (ring, grid), not of {data.name}"
        )
    found = counted(sampled.samples, mixture)
    return {column.key: found.get(column.key) for column in MEASURES["modes"].columns}


def check_stacked(n: int, *, extractor: str, threshold: float) -> None:
    """Digits are told by a classifier."""
    if opened(extractor, "cpu").num_classes is None:
        raise MetricError(f"extractor {extractor} knows no classes; digits need a classifier")


def stacked(
    sampled: Sampled,
    data: Part,
    device: str,
    *,
    extractor: str = "cnn-mnist",
    threshold: float = 0.9,
) -> dict[str, float | None]:
    """Modes of Stacked-MNIST among images [N, 3, H, W] (Lin et al. 2018, section 4.2).

    Digits of another size than the classifier's are resized, as the data set resized them.
    """
    images = sampled.samples
    if images.dim() != 4 or images.shape[1] != 3:
        raise MetricError(f"stacked digits are images [N, 3, H, W], found {list(images.shape)}")
    digits = fitted(images.flatten(0, 1).unsqueeze(1), opened(extractor, device))
    logits = seen(extractor, digits, device).logits
    if logits is None:
        raise MetricError(f"extractor {extractor} gave no class scores; digits need a classifier")
    return asdict(stacked_modes(logits.view(len(images), 3, -1), threshold=threshold))


def check_frechet(n: int, *, extractor: str) -> None:
    """A covariance needs more samples than features."""
    check_enough(opened(extractor, "cpu"), n)


def frechet(
    sampled: Sampled, data: Part, device: str, *, extractor: str = "cnn-mnist"
) -> dict[str, float | None]:
    """Fréchet distance to the data set's test images, on an extractor's features."""
    found = seen(extractor, sampled.samples, device).moments
    test = test_moments(extractor, key_of(data), device)
    return {"fd": frechet_distance(found, test)}


@functools.lru_cache(maxsize=4)
def test_moments(extractor: str, data: str, device: str) -> Moments:
    """Moments of some test images of a data set, by its `key_of`."""
    _, test = both_splits(data)
    images = real(test, min(len(test), TEST_IMAGES), torch.Generator().manual_seed(0))
    return seen(extractor, images, device).moments


@functools.lru_cache(maxsize=4)
def opened(name: str, device: str) -> Extractor:
    """An extractor by name, as `ganzoo eval` takes it."""
    return open_extractor(name).to(device)


def seen(name: str, images: Tensor, device: str) -> Seen:
    """What an extractor sees of images, which have the size that it takes."""
    return look(opened(name, device), torch.split(images, 1_000), "samples")


def fitted(digits: Tensor, extractor: Extractor) -> Tensor:
    """Digits [N, 1, H, W] at the size that an extractor takes."""
    size = None if extractor.sample_shape is None else extractor.sample_shape[-2:]
    if size is None or digits.shape[-2:] == size:
        return digits
    pieces = torch.split(digits, 1_000)
    return torch.cat([interpolate(p, size, mode="bilinear", antialias=True) for p in pieces])


MEASURES: Mapping[str, Measure] = {
    "frechet": Measure(
        frechet, (column("fd", ".3f", "FD ({extractor})"),), n=10_000, check=check_frechet
    ),
    "modes": Measure(
        modes,
        (
            column("modes", ".1f"),
            column("high_quality", ".1%"),
            column("reverse_kl", ".3f"),
            column("spread_ratio", ".2f"),
        ),
        n=2_500,
    ),
    "stacked-modes": Measure(
        stacked,
        (
            column("modes", ".1f"),
            column("kl", ".3f"),
            column("confident_modes", ".1f", "modes at {threshold:.0%}"),
            column("confident_share", ".1%", "samples at {threshold:.0%}"),
        ),
        n=26_000,
        check=check_stacked,
    ),
}
