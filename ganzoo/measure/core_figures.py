"""How the core's figures are computed: each function gives those that one computation gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias

from torch import Tensor

from ganzoo.data.points import GaussianMixture
from ganzoo.measure.features import NEIGHBOURS, Seen
from ganzoo.measure.references import Reference
from ganzoo.metrics import (
    class_histogram,
    class_kl,
    confident_share,
    count_modes,
    density_coverage,
    frechet_distance,
    kernel_distance,
    mean_nearest,
    precision_recall,
    sliced_wasserstein,
)

CONFIDENT = 0.9
PRECISION_K, DENSITY_K = 3, 5  # Kynkäänniemi et al. 2019 and Naeem et al. 2020

#: Figures by key, of those that exist for these samples.
Values: TypeAlias = dict[str, float]
#: From what an extractor saw of samples, and of real ones, to figures.
Computation: TypeAlias = Callable[[Seen, Reference], Values]


def frechet(seen: Seen, real: Reference) -> Values:
    """Moments of all features against the real ones'."""
    return {"fd": frechet_distance(seen.moments, real.moments)}


def kernel(seen: Seen, real: Reference) -> Values:
    """The kernel distance of the features kept."""
    return {"kd": kernel_distance(real.features, seen.features)}


def manifold(seen: Seen, real: Reference) -> Values:
    """Which samples lie among the real ones, and the other way round."""
    some = seen.features[:NEIGHBOURS]
    precision, recall = precision_recall(real.features, some, k=PRECISION_K)
    return {"precision": precision, "recall": recall}


def density(seen: Seen, real: Reference) -> Values:
    """How many real neighbourhoods samples lie in."""
    some = seen.features[:NEIGHBOURS]
    dense, coverage = density_coverage(real.features, some, k=DENSITY_K)
    return {"density": dense, "coverage": coverage}


def classes(seen: Seen, real: Reference) -> Values:
    """The winning classes' divergence; nothing where it would be infinite, or nobody knows any."""
    if seen.logits is None or real.shares is None or real.lacks_classes:
        return {}
    return {"class_kl": class_kl(class_histogram(seen.logits), real.shares)}


def confidence(seen: Seen, real: Reference) -> Values:
    """The share of samples whose class is sure."""
    return {} if seen.logits is None else {"confident": confident_share(seen.logits, CONFIDENT)}


def memorisation(seen: Seen, real: Reference) -> Values:
    """How near the training samples lie, which only the data set itself tells."""
    if real.training is None:
        return {}
    some = seen.features[:NEIGHBOURS]
    return {"memorisation": mean_nearest(some, real.training) / real.about.nearest}


def pixels(seen: Seen, real: Reference) -> Values:
    """The distance of pixels, which only the data set itself has."""
    return {} if real.pixels is None else {"swd": sliced_wasserstein(real.pixels, seen.first)}


#: In the order in which the figures stand in tables.
COMPUTATIONS: tuple[Computation, ...] = (
    frechet,
    kernel,
    manifold,
    density,
    classes,
    confidence,
    memorisation,
    pixels,
)


def measure(seen: Seen, real: Reference) -> Values:
    """All figures that samples and reference allow, by key, in the order of FIGURES."""
    found: Values = {}
    for compute in COMPUTATIONS:
        found |= compute(seen, real)
    return found


def counted(points: Tensor, mixture: GaussianMixture) -> Values:
    """The figures that points [N, D] have; two of them only where one is near a mode."""
    found = asdict(count_modes(points, mixture.centres, mixture.sigma))
    return {key: float(value) for key, value in found.items() if value is not None}
