"""The mathematics of the metrics, on features, logits or samples; no network, no files.

Everything is computed in float64 on the CPU, whatever floating dtype and device comes in, and by
blocks, so that no temporary grows with the product of two sets' sizes. What would make a figure
wrong is refused by `MetricError`.
"""

from ganzoo.metrics.classes import class_histogram, class_kl, confident_share
from ganzoo.metrics.frechet import frechet_distance
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.memorisation import mean_nearest, memorisation_ratio
from ganzoo.metrics.modes import ModeCount, StackedCount, count_modes, stacked_modes
from ganzoo.metrics.moments import Moments
from ganzoo.metrics.neighbours import (
    density_coverage,
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
