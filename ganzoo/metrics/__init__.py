"""The mathematics of the metrics, on features, logits or samples; no networks, no files.

    frechet.py      Frechet distance (FD; FID on Inception features), from moments.py
    kernel.py       kernel distance (KD; KID on Inception features)
    neighbours.py   precision and recall, density and coverage, memorisation
    wasserstein.py  sliced Wasserstein distance
    classes.py      which classes a classifier finds, and how evenly
    modes.py        modes of Gaussian mixtures and of Stacked-MNIST

Everything is computed in float64 on the CPU, for inputs of any floating dtype and device, in
blocks, so that no temporary grows with the product of two sets' sizes. Inputs that would make a
figure wrong raise `MetricError`.
"""

from ganzoo.metrics.classes import class_histogram, class_kl, confident_share
from ganzoo.metrics.frechet import frechet_distance
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.modes import ModeCount, StackedCount, count_modes, stacked_modes
from ganzoo.metrics.moments import Moments
from ganzoo.metrics.neighbours import (
    density_coverage,
    mean_nearest,
    memorisation_ratio,
    nearest,
    nearest_others,
    precision_recall,
)
from ganzoo.metrics.wasserstein import sliced_wasserstein

__all__ = [
    "ModeCount",
    "Moments",
    "StackedCount",
    "class_histogram",
    "class_kl",
    "confident_share",
    "count_modes",
    "density_coverage",
    "frechet_distance",
    "kernel_distance",
    "mean_nearest",
    "memorisation_ratio",
    "nearest",
    "nearest_others",
    "precision_recall",
    "sliced_wasserstein",
    "stacked_modes",
]
