"""The core's figures: what each is called, how to read it, and how it is computed.

FD, KD, precision and the others are computed from an extractor's features; `counting` counts modes
where they are known. `plugin_figures` adds what plugins offer.
"""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.measure.features import NEIGHBOURS, Extracted
from ganzoo.measure.measurement import FigureSpec, Values
from ganzoo.measure.references import Reference
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
PRECISION_K, DENSITY_K = 3, 5  # Kynkäänniemi et al. 2019 and Naeem et al. 2020
#: The number of samples that are compared one by one, however large n is.
SOME = f"up to {NEIGHBOURS:,}"

#: Computed from an extractor's features, against statistics of real samples.
FIGURES = (
    FigureSpec(
        "fd",
        "FD",
        "Fréchet distance of all features",
        "lower",
        digits=2,
        named_after_extractor=True,
    ),
    FigureSpec(
        "kd",
        "KD",
        f"unbiased polynomial MMD² to features of {SOME} test samples",
        "lower",
        best=0,
        digits=4,
        tolerance=0.002,
        named_after_extractor=True,
    ),
    FigureSpec(
        "precision",
        "precision",
        f"samples among the real ones, k = {PRECISION_K}, of {SOME} each",
        "nearest",
    ),
    FigureSpec(
        "recall",
        "recall",
        f"real samples among the drawn ones, k = {PRECISION_K}, of {SOME} each",
        "nearest",
    ),
    FigureSpec(
        "density",
        "density",
        f"real neighbourhoods around one, over k = {DENSITY_K}, of {SOME} each",
        "nearest",
        best=1,
    ),
    FigureSpec(
        "coverage",
        "coverage",
        f"real neighbourhoods with a sample, k = {DENSITY_K}, of {SOME} each",
        "nearest",
    ),
    FigureSpec(
        "class_kl",
        "class KL",
        "winning classes to the real samples', in nats",
        "lower",
        best=0,
        digits=4,
        tolerance=0.002,
    ),
    FigureSpec(
        "confident", "confident share", f"winning class at {CONFIDENT:.0%} or more", "nearest"
    ),
    FigureSpec(
        "memorisation",
        "memorisation ratio",
        f"distance to the nearest training sample, over a test sample's, of {SOME}",
        "nearest",
        best=1,
    ),
    FigureSpec(
        "swd",
        "sliced Wasserstein",
        f"Wasserstein-2, 512 projections of pixels, of {SOME} each",
        "lower",
        digits=4,
        tolerance=0.001,
    ),
)
#: Computed from points, against the modes of a Gaussian mixture (`ring` and `grid`).
MODES = (
    FigureSpec(
        "high_quality", "high quality", "share of samples within 3 sigma of a mode", "higher"
    ),
    FigureSpec(
        "modes", "modes", "modes that have a sample, of a mixture such a sample", "higher", digits=1
    ),
    FigureSpec(
        "reverse_kl",
        "reverse KL",
        "such samples' histogram over the modes to the even one, in nats",
        "lower",
        best=0,
    ),
    FigureSpec(
        "spread_ratio",
        "spread ratio",
        "such samples' spread over a perfect sampler's",
        "nearest",
        best=1,
        digits=2,
    ),
)
#: Computed from Stacked-MNIST's images by a classifier of digits, which counts `modes` too.
STACKED = (
    FigureSpec(
        "kl", "KL", "samples' histogram over the modes to the even one, in nats", "lower", best=0
    ),
    FigureSpec(
        "confident_modes", "confident modes", "modes that have a sure sample", "higher", digits=1
    ),
    FigureSpec(
        "confident_share", "confident samples", "samples whose three digits are sure", "nearest"
    ),
)
#: Stacked-MNIST's come before the modes, whose number seldom tells two good models apart.
BY_KEY = {figure.key: figure for figure in (*FIGURES, *STACKED, *MODES)}


def frechet(samples: Extracted, real: Reference) -> Values:
    """FD, from the moments of all features; left out where the real samples are too few for it."""
    fewest = min(real.moments.n, samples.moments.n)
    if fewest <= real.moments.feature_dim:
        return {}
    return {"fd": frechet_distance(samples.moments, real.moments)}


def kernel(samples: Extracted, real: Reference) -> Values:
    """KD, from the features that were kept."""
    return {"kd": kernel_distance(real.features, samples.features)}


def manifold(samples: Extracted, real: Reference) -> Values:
    """Precision and recall, from the first features."""
    some = samples.features[:NEIGHBOURS]
    precision, recall = precision_recall(real.features, some, k=PRECISION_K)
    return {"precision": precision, "recall": recall}


def neighbourhoods(samples: Extracted, real: Reference) -> Values:
    """Density and coverage, from the first features."""
    some = samples.features[:NEIGHBOURS]
    density, coverage = density_coverage(real.features, some, k=DENSITY_K)
    return {"density": density, "coverage": coverage}


def classes(samples: Extracted, real: Reference) -> Values:
    """The winning classes' divergence; left out where it is infinite or there are no classes."""
    if samples.logits is None or real.shares is None or real.lacks_classes:
        return {}
    return {"class_kl": class_kl(class_histogram(samples.logits), real.shares)}


def confidence(samples: Extracted, real: Reference) -> Values:
    """The share of samples whose class is sure."""
    return (
        {} if samples.logits is None else {"confident": confident_share(samples.logits, CONFIDENT)}
    )


def memorisation(samples: Extracted, real: Reference) -> Values:
    """The distance to training samples, which only the data set itself has."""
    if real.training is None:
        return {}
    some = samples.features[:NEIGHBOURS]
    return {"memorisation": mean_nearest(some, real.training) / real.about.nearest}


def pixels(samples: Extracted, real: Reference) -> Values:
    """The distance of pixels, which only the data set itself has."""
    return {} if real.pixels is None else {"swd": sliced_wasserstein(real.pixels, samples.first)}


#: In the order of the tables.
COMPUTATIONS: tuple[Callable[[Extracted, Reference], Values], ...] = (
    frechet,
    kernel,
    manifold,
    neighbourhoods,
    classes,
    confidence,
    memorisation,
    pixels,
)


def feature_figures(samples: Extracted, real: Reference) -> Values:
    """All figures that these features and this reference allow, in the order of FIGURES."""
    values: Values = {}
    for compute in COMPUTATIONS:
        values |= compute(samples, real)
    return values
