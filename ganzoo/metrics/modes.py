"""How many modes samples have: of a Gaussian mixture, and of Stacked-MNIST."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_features, check_rows, row_blocks
from ganzoo.metrics.classes import class_kl, confident
from ganzoo.metrics.distances import differences

#: Standard deviations from a centre within which a sample is of high quality.
REACH = 3.0


@dataclass(frozen=True)
class ModeCount:
    """What `count_modes` found: of K modes and N samples.

    `modes` have a high-quality sample at least; `high_quality` is the share of such samples.
    `reverse_kl` is KL(high-quality samples' histogram over the modes || uniform), in nats.
    `spread_ratio` is the high-quality samples' root mean square distance to their centres over
    that of a perfect sampler, cut off at the same distance: below 1, modes have shrunk.
    The last two are None where no sample is of high quality.
    """

    modes: int
    high_quality: float
    reverse_kl: float | None
    spread_ratio: float | None


def count_modes(points: Tensor, centres: Tensor, sigma: float) -> ModeCount:
    """Count the modes of an even mixture of Gaussians among points [N, D]; centres [K, D].

    A sample belongs to the nearest centre, and is of high quality within 3 `sigma` of it
    (Srivastava et al. 2017, section 4.1; Lin et al. 2018, section 4.1, whose code takes the
    histogram of the high-quality samples only, as here).
    """
    points, centres = as_features(points=points, centres=centres)
    if not 0 < sigma < math.inf:
        raise MetricError(f"sigma must be above 0 and finite, found {sigma}")
    distances, modes = _nearest_centre(points, centres)
    good = distances <= REACH * sigma
    histogram = _histogram(modes[good], len(centres))
    found, share = int((histogram > 0).sum()), float(good.double().mean())
    if not found:
        return ModeCount(0, share, None, None)
    spread = float(distances[good].square().mean().sqrt())
    return ModeCount(
        modes=found,
        high_quality=share,
        reverse_kl=class_kl(histogram / histogram.sum()),
        spread_ratio=spread / (sigma * perfect_spread(points.shape[1])),
    )


def _nearest_centre(points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Each point's distance to the nearest centre, and which: [N, D], [K, D] -> [N], int64 [N]."""
    blocks = row_blocks(len(points), len(centres))
    found = [differences(points[rows], centres).min(1) for rows in blocks]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def _histogram(modes: Tensor, count: int) -> Tensor:
    """How many samples each mode has: int64 [N] -> float64 [count]."""
    return torch.bincount(modes, minlength=count).double()


def perfect_spread(dimensions: int) -> float:
    """Root mean square length of a standard normal vector, given that it is at most 3.

    |x|² is chi-squared with D degrees of freedom, and E[|x|²; |x| <= r] = D P(D + 2) where P(D) is
    the probability that chi-squared with D degrees is at most r².
    """
    halves = torch.tensor([dimensions, dimensions + 2], dtype=torch.float64) / 2
    within, further = torch.special.gammainc(halves, torch.full_like(halves, REACH**2 / 2)).tolist()
    return math.sqrt(dimensions * further / within)


@dataclass(frozen=True)
class StackedCount:
    """What `stacked_modes` found, of 1000 modes.

    `modes` have a sample at least, of whatever quality; `kl` is KL(samples' histogram ||
    reference) in nats. `confident_modes` have a confident sample at least; `confident_share` is
    the share of such samples.
    """

    modes: int
    kl: float
    confident_modes: int
    confident_share: float


def stacked_modes(
    logits: Tensor, reference: Tensor | None = None, threshold: float = 0.9
) -> StackedCount:
    """Count Stacked-MNIST's modes among samples, by a classifier's logits [N, 3, 10] of the digits.

    A sample's mode is 100 red + 10 green + blue of the winning digits, and one sample makes a mode
    (Lin et al. 2018, section 4.2). Noise does too, hence the confident ones beside: those whose
    three digits each have at least the threshold's probability. `reference` [1000] holds the
    shares of the data's modes, uniform unless given.
    """
    if logits.dim() != 3 or logits.shape[1:] != (3, 10):
        raise MetricError(f"logits must be [N, 3, 10], found {list(logits.shape)}")
    check_rows("logits", logits.flatten(1))
    red, green, blue = logits.detach().cpu().argmax(2).unbind(1)
    modes = 100 * red + 10 * green + blue
    sure = confident(logits, threshold).all(1)
    histogram, of_sure = _histogram(modes, 1000), _histogram(modes[sure], 1000)
    return StackedCount(
        modes=int((histogram > 0).sum()),
        kl=class_kl(histogram / len(modes), reference),
        confident_modes=int((of_sure > 0).sum()),
        confident_share=float(sure.double().mean()),
    )
