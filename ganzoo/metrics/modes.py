"""Counting the modes that samples cover: of a Gaussian mixture, and of Stacked-MNIST."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.metrics.checks import as_features, check_rows, row_blocks
from ganzoo.metrics.classes import class_kl, confident
from ganzoo.metrics.distances import differences

#: A sample has high quality within this many standard deviations of a centre.
REACH = 3.0


@dataclass(frozen=True)
class ModeCount:
    """The result of `count_modes`.

    `modes` is the number of modes with at least one high-quality sample; `high_quality` the share
    of such samples. `reverse_kl` is KL(their histogram over the modes || uniform), in nats.
    `spread_ratio` is their root mean square distance to the centres over that of a perfect sampler,
    cut off at the same distance: below 1, modes have shrunk. The last two are None if no sample is
    of high quality.
    """

    modes: int
    high_quality: float
    reverse_kl: float | None
    spread_ratio: float | None


def count_modes(points: Tensor, centres: Tensor, sigma: float) -> ModeCount:
    """Count the modes of an even mixture of Gaussians with centres [K, D] among points [N, D].

    A sample belongs to the nearest centre, and has high quality within 3 `sigma` of it
    (Srivastava et al. 2017, section 4.1; Lin et al. 2018, section 4.1). The histogram counts
    high-quality samples only, as in the code of Lin et al.
    """
    points, centres = as_features(points=points, centres=centres)
    if not 0 < sigma < math.inf:
        raise MetricError(f"sigma must be above 0 and finite, found {sigma}")
    distances, modes = _nearest_centre(points, centres)
    good = distances <= REACH * sigma
    histogram = _histogram(modes[good], len(centres))
    modes_hit, share = int((histogram > 0).sum()), float(good.double().mean())
    if not modes_hit:
        return ModeCount(0, share, None, None)
    spread = float(distances[good].square().mean().sqrt())
    return ModeCount(
        modes=modes_hit,
        high_quality=share,
        reverse_kl=class_kl(histogram / histogram.sum()),
        spread_ratio=spread / (sigma * perfect_spread(points.shape[1])),
    )


def _nearest_centre(points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Each point's nearest centre: [N, D], [K, D] -> distances [N], centres int64 [N]."""
    blocks = row_blocks(len(points), len(centres))
    least = [differences(points[rows], centres).min(1) for rows in blocks]
    return torch.cat([one.values for one in least]), torch.cat([one.indices for one in least])


def _histogram(modes: Tensor, count: int) -> Tensor:
    """Number of samples of each mode: int64 [N] -> float64 [count]."""
    return torch.bincount(modes, minlength=count).double()


def perfect_spread(dimensions: int) -> float:
    """Root mean square length of a standard normal vector, given that its length is at most 3.

    |x|² is chi-squared with D degrees of freedom, and E[|x|²; |x| <= r] = D P(D + 2) where P(D) is
    the probability that chi-squared with D degrees is at most r².
    """
    halves = torch.tensor([dimensions, dimensions + 2], dtype=torch.float64) / 2
    within, further = torch.special.gammainc(halves, torch.full_like(halves, REACH**2 / 2)).tolist()
    return math.sqrt(dimensions * further / within)


@dataclass(frozen=True)
class StackedCount:
    """The result of `stacked_modes`, of 1000 modes.

    `modes` is the number of modes with at least one sample of any quality; `kl` is KL(samples'
    histogram || reference) in nats. `confident_modes` is the number of modes with at least one
    confident sample; `confident_share` the share of such samples.
    """

    modes: int
    kl: float
    confident_modes: int
    confident_share: float


def stacked_modes(
    logits: Tensor, reference: Tensor | None = None, threshold: float = 0.9
) -> StackedCount:
    """Count Stacked-MNIST's modes among samples, by a classifier's logits [N, 3, 10] of the digits.

    A sample's mode is 100 red + 10 green + blue of its most probable digits, and one sample
    suffices for a mode (Lin et al. 2018, section 4.2). Noise covers modes too, so confident
    samples, whose three digits each reach the threshold's probability, are counted separately.
    `reference` [1000] holds the shares of the data's modes, uniform unless given.
    """
    if logits.dim() != 3 or logits.shape[1:] != (3, 10):
        raise MetricError(f"logits must be [N, 3, 10], found {list(logits.shape)}")
    check_rows("logits", logits.flatten(1))
    red, green, blue = logits.detach().cpu().argmax(2).unbind(1)
    modes = 100 * red + 10 * green + blue
    sure = confident(logits, threshold).all(1)
    histogram, confident_ones = _histogram(modes, 1000), _histogram(modes[sure], 1000)
    return StackedCount(
        modes=int((histogram > 0).sum()),
        kl=class_kl(histogram / len(modes), reference),
        confident_modes=int((confident_ones > 0).sum()),
        confident_share=float(sure.double().mean()),
    )
