"""The figures: what each is called, how it is read, and how it comes from what was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, isfinite, log10

from ganzoo.evaluation.looking import NEIGHBOURS, Seen
from ganzoo.evaluation.references import Reference
from ganzoo.metrics import (
    class_histogram,
    class_kl,
    confident_share,
    density_coverage,
    frechet_distance,
    kernel_distance,
    mean_nearest,
    precision_recall,
    sliced_wasserstein,
)

CONFIDENT = 0.9
MOST_DIGITS = 8
#: How many samples are compared one by one, whatever n is beyond it.
SOME = f"up to {NEIGHBOURS:,}"
PRECISION_K, DENSITY_K = 3, 5  # Kynkäänniemi et al. 2019 and Naeem et al. 2020
#: The extractor on whose features the distances have the field's own names.
INCEPTION = "inception-v3"
NAMES_ON_INCEPTION = {"fd": "FID", "kd": "KID"}


@dataclass(frozen=True)
class Figure:
    """A figure as people read it; `best` is what a perfect generator would have."""

    key: str
    title: str
    best: str
    digits: int
    what: str

    def name(self, extractor: str) -> str:
        """Its name on an extractor's features: FID means Inception and nothing else."""
        if self.key not in NAMES_ON_INCEPTION:
            return self.title
        if extractor == INCEPTION:
            return NAMES_ON_INCEPTION[self.key]
        return f"{self.title} ({extractor})"

    def text(self, value: float) -> str:
        """A value with the digits that mean something; with more where it would seem to be 0."""
        small = value != 0 and isfinite(value)
        digits = max(self.digits, -floor(log10(abs(value)))) if small else self.digits
        return f"{value:.{min(digits, MOST_DIGITS)}f}"


FIGURES = (
    Figure("fd", "FD", "the floor", 2, "Fréchet distance of all features"),
    Figure("kd", "KD", "0", 4, f"unbiased polynomial MMD² to features of {SOME} test samples"),
    Figure(
        "precision",
        "precision",
        "the floor",
        3,
        f"samples among the real ones, k = {PRECISION_K}, of {SOME} each",
    ),
    Figure(
        "recall",
        "recall",
        "the floor",
        3,
        f"real samples among the drawn ones, k = {PRECISION_K}, of {SOME} each",
    ),
    Figure(
        "density",
        "density",
        "1",
        3,
        f"real neighbourhoods around one, over k = {DENSITY_K}, of {SOME} each",
    ),
    Figure(
        "coverage",
        "coverage",
        "the floor",
        3,
        f"real neighbourhoods with a sample, k = {DENSITY_K}, of {SOME} each",
    ),
    Figure("class_kl", "class KL", "0", 4, "winning classes to the real samples', in nats"),
    Figure(
        "confident", "confident share", "the floor", 3, f"winning class at {CONFIDENT:.0%} or more"
    ),
    Figure(
        "memorisation",
        "memorisation ratio",
        "1",
        3,
        f"distance to the nearest training sample, over a test sample's, of {SOME}",
    ),
    Figure(
        "swd",
        "sliced Wasserstein",
        "the floor",
        4,
        f"Wasserstein-2, 512 projections of pixels, of {SOME} each",
    ),
)
BY_KEY = {figure.key: figure for figure in FIGURES}


def measure(seen: Seen, real: Reference) -> dict[str, float]:
    """All figures that samples and reference allow, by key, in the order of FIGURES."""
    found: dict[str, float] = {}
    for keys, compute in _MEASURES:
        values = compute(seen, real)
        if values is not None:
            found |= dict(zip(keys, values, strict=True))
    return found


def _frechet(seen: Seen, real: Reference) -> tuple[float, ...]:
    return (frechet_distance(seen.moments, real.moments),)


def _kernel(seen: Seen, real: Reference) -> tuple[float, ...]:
    return (kernel_distance(real.features, seen.features),)


def _manifold(seen: Seen, real: Reference) -> tuple[float, ...]:
    return precision_recall(real.features, seen.features[:NEIGHBOURS], k=PRECISION_K)


def _density(seen: Seen, real: Reference) -> tuple[float, ...]:
    return density_coverage(real.features, seen.features[:NEIGHBOURS], k=DENSITY_K)


def _classes(seen: Seen, real: Reference) -> tuple[float, ...] | None:
    if seen.logits is None or real.shares is None or real.lacks_classes:
        return None
    return (class_kl(class_histogram(seen.logits), real.shares),)


def _confidence(seen: Seen, real: Reference) -> tuple[float, ...] | None:
    if seen.logits is None:
        return None
    return (confident_share(seen.logits, CONFIDENT),)


def _memorisation(seen: Seen, real: Reference) -> tuple[float, ...] | None:
    if real.training is None:
        return None
    some = seen.features[:NEIGHBOURS]
    return (mean_nearest(some, real.training) / real.about.nearest,)


def _pixels(seen: Seen, real: Reference) -> tuple[float, ...] | None:
    if real.pixels is None:
        return None
    return (sliced_wasserstein(real.pixels, seen.first),)


_MEASURES: tuple[
    tuple[tuple[str, ...], Callable[[Seen, Reference], tuple[float, ...] | None]], ...
] = (
    (("fd",), _frechet),
    (("kd",), _kernel),
    (("precision", "recall"), _manifold),
    (("density", "coverage"), _density),
    (("class_kl",), _classes),
    (("confident",), _confidence),
    (("memorisation",), _memorisation),
    (("swd",), _pixels),
)
