"""Metrics of samples and of what a classifier says of them: classes, modes, sliced Wasserstein."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import metrics_reference as plain
from ganzoo.data.points import Grid, Ring
from ganzoo.errors import MetricError
from ganzoo.metrics import (
    ModeCount,
    StackedCount,
    class_histogram,
    class_kl,
    confident_share,
    count_modes,
    sliced_wasserstein,
    stacked_modes,
)
from ganzoo.metrics.modes import perfect_spread
from ganzoo.metrics.wasserstein import monotone_transport
from metrics_reference import normal


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


# Classes


def test_the_histogram_counts_who_wins():
    logits = torch.tensor([[0.0, 2, 1], [5, 0, 0], [0, 1, 0], [-3, -1, -2]])
    assert class_histogram(logits).tolist() == [0.25, 0.75, 0]
    assert class_histogram(logits.double() * 7).tolist() == [0.25, 0.75, 0]


def test_the_divergence_from_uniform_has_closed_forms():
    assert class_kl(torch.full((8,), 1 / 8)) == 0
    assert class_kl(tensor([0, 0, 1, 0])) == pytest.approx(math.log(4))
    assert class_kl(tensor([0.5, 0.5, 0, 0])) == pytest.approx(math.log(2))


def test_the_divergence_from_a_reference_is_not_symmetric():
    shares, reference = tensor([0.75, 0.25]), tensor([0.5, 0.5])
    wanted = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert class_kl(shares, reference) == pytest.approx(wanted)
    assert class_kl(shares) == pytest.approx(wanted)
    assert class_kl(reference, shares) == pytest.approx(-0.5 * math.log(1.5 * 0.5))
    assert class_kl(tensor([1, 0]), tensor([1, 0])) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=12))
def test_the_divergence_is_never_negative_and_zero_for_equals(counts):
    found, wanted = (torch.tensor(column).float() for column in zip(*counts, strict=True))
    if found.sum() == 0:
        return
    shares, reference = found / found.sum(), wanted / wanted.sum()
    assert class_kl(shares, reference) >= 0
    assert class_kl(reference, reference) == 0


@pytest.mark.parametrize(
    ("shares", "reference", "message"),
    [
        ([0.5, 0.5], [1.0, 0.0], "1 of 2 classes have a share but none in the reference"),
        ([0.5, 0.5], [0.2, 0.3, 0.5], "found 2 shares, and 3 in the reference"),
        ([3.0, 4.0], None, "shares must be 0 or more and sum to 1, .* a sum of 7: divide counts"),
        ([1.5, -0.5], None, "found a least of -0.5"),
        ([0.5, 0.5], [2.0, 2.0], "the reference must be 0 or more and sum to 1"),
        ([math.nan, 0.5], None, "rows of shares hold NaN"),
        ([[1.0]], None, r"shares must be \[K\], found \[1, 1\]"),
    ],
)
def test_shares_are_checked(shares, reference, message):
    with pytest.raises(MetricError, match=message):
        class_kl(tensor(shares), None if reference is None else tensor(reference))


def test_confidence_is_the_winning_classs_probability():
    logits = tensor([[0.89, 0.11], [0.91, 0.09], [0.02, 0.98], [0.5, 0.5]]).log()
    assert confident_share(logits) == 0.5
    assert confident_share(logits - 1000, 0.6) == 0.75
    with pytest.raises(MetricError, match="the threshold must lie between 0 and 1, found 90"):
        confident_share(logits, 90)


def test_logits_are_checked():
    for metric in (class_histogram, confident_share):
        with pytest.raises(MetricError, match=r"logits must be \[N, F\] .*, found \[5\]"):
            metric(torch.zeros(5))
        with pytest.raises(MetricError, match="1 of 2 rows of logits hold NaN"):
            metric(torch.tensor([[0.0, 1.0], [math.inf, 0.0]]))


# Modes of a Gaussian mixture


@pytest.mark.parametrize("toy", [Ring, Grid])
def test_a_perfect_sampler_has_all_modes_in_full(toy):
    data = toy()
    count = count_modes(data.points, data.centres, data.sigma)
    assert count.modes == data.num_classes
    assert count.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.001)  # 98.89%
    assert 0 < count.reverse_kl < 0.001
    assert count.spread_ratio == pytest.approx(1, abs=0.005)


def test_shrunken_modes_are_of_high_quality_and_show_in_the_spread():
    data = Ring()
    shrunken = data.centres[data.labels].lerp(data.points, 0.5)
    count = count_modes(shrunken, data.centres, data.sigma)
    assert count.high_quality == 1
    assert count.spread_ratio == pytest.approx(0.5 * math.sqrt(2) / perfect_spread(2), abs=0.005)


def test_a_perfect_samplers_spread_has_closed_forms():
    """In the plane |x|²/2 is exponential; on a line it is the variance of a cut-off normal."""
    cut = math.exp(-4.5)
    assert perfect_spread(2) == pytest.approx(math.sqrt(2 * (1 - 5.5 * cut) / (1 - cut)))
    density, within = cut / math.sqrt(2 * math.pi), math.erf(3 / math.sqrt(2))
    assert perfect_spread(1) == pytest.approx(math.sqrt(1 - 6 * density / within))


def test_modes_are_counted_from_samples_within_three_sigma():
    centres = tensor([[0, 0], [10, 0], [20, 0], [30, 0]])
    points = tensor([[0, 0], [0, 0.3], [0.1, 0], [10, 0.2], [10, 0.31], [20, 0.4], [27, 0]])
    wanted = class_kl(tensor([3 / 4, 1 / 4, 0, 0]))
    count = count_modes(points, centres, 0.1 + 1e-12)
    assert (count.modes, count.high_quality) == (2, pytest.approx(4 / 7))
    assert count.reverse_kl == pytest.approx(wanted)
    rms = math.sqrt((0.09 + 0.01 + 0.04) / 4)
    assert count.spread_ratio == pytest.approx(rms / (0.1 * perfect_spread(2)))


def test_one_mode_alone_diverges_by_the_logarithm_of_their_number():
    data = Grid()
    count = count_modes(data.points[data.labels == 7], data.centres, data.sigma)
    assert (count.modes, count.reverse_kl) == (1, pytest.approx(math.log(25)))
    assert count.spread_ratio == pytest.approx(1, abs=0.02)


def test_where_nothing_is_of_high_quality_there_is_nothing_to_say_of_modes():
    assert count_modes(normal(9, 2) + 50, normal(3, 2), 0.1) == ModeCount(0, 0.0, None, None)


@pytest.mark.parametrize(
    ("points", "sigma", "message"),
    [
        (tensor([[0, math.nan], [0, 0]]), 0.1, "1 of 2 rows of points hold NaN or infinity"),
        (tensor([[0, 0, 0]]), 0.1, "found 3 in points and 2 in centres"),
        (tensor([[0, 0]]), 0.0, "sigma must be above 0 and finite, found 0.0"),
    ],
)
def test_modes_of_what_are_no_points_are_refused(points, sigma, message):
    with pytest.raises(MetricError, match=message):
        count_modes(points, tensor([[0, 0], [1, 0]]), sigma)


# Stacked-MNIST


def digits(modes, certainty=20.0):
    """Logits [N, 3, 10] of a classifier that reads these modes, of 1000."""
    modes = torch.as_tensor(modes)
    stacked = torch.stack([modes // 100, modes // 10 % 10, modes % 10], 1)
    return certainty * torch.nn.functional.one_hot(stacked, 10).float()


def test_all_thousand_modes_are_found():
    count = stacked_modes(digits(torch.arange(1000).repeat(2)))
    assert count == StackedCount(1000, 0.0, 1000, 1.0)


def test_a_collapsed_generator_has_one_mode():
    count = stacked_modes(digits([123] * 50))
    assert count == StackedCount(1, pytest.approx(math.log(1000)), 1, 1.0)


def test_modes_of_a_classifier_that_is_not_sure_are_told_apart():
    logits = torch.cat([digits([0, 1, 2, 2]), digits([3, 4, 5, 5], certainty=1.0)])
    half = digits([6])
    half[0, 1] /= 20  # one digit of three in doubt
    count = stacked_modes(torch.cat([logits, half]))
    assert (count.modes, count.confident_modes) == (7, 3)
    assert count.confident_share == pytest.approx(4 / 9)
    assert stacked_modes(logits, threshold=0.2).confident_modes == 6


def test_a_perfect_samplers_divergence_is_that_of_its_number_of_samples():
    """The expected divergence is (K - 1) / 2n to first order."""
    rng = torch.Generator().manual_seed(0)
    modes = torch.randint(1000, (26_000,), generator=rng)
    assert stacked_modes(digits(modes)).kl == pytest.approx(999 / 52_000, rel=0.1)


def test_the_reference_may_be_the_datas_own_frequencies():
    reference = torch.arange(1.0, 1001) / 500_500
    samples = digits(torch.arange(1000).repeat_interleave(torch.arange(1, 1001) // 50 + 1))
    assert stacked_modes(samples, reference).kl < stacked_modes(samples).kl
    reference = torch.zeros(1000).index_fill(0, torch.arange(10), 0.1)
    with pytest.raises(MetricError, match="990 of 1000 classes have a share but none"):
        stacked_modes(samples, reference)


def test_stacked_logits_are_checked():
    with pytest.raises(MetricError, match=r"logits must be \[N, 3, 10\], found \[5, 10\]"):
        stacked_modes(torch.zeros(5, 10))
    with pytest.raises(MetricError, match="5 of 5 rows of logits hold NaN"):
        stacked_modes(torch.full((5, 3, 10), math.nan))


# Sliced Wasserstein


@given(st.integers(1, 40), st.integers(1, 40))
def test_transport_moves_each_mass_once_and_in_order(n, m):
    rows, columns, mass = monotone_transport(n, m)
    assert_close(tensor([0.0] * n).index_add(0, rows, mass), torch.full((n,), 1 / n).double())
    assert_close(tensor([0.0] * m).index_add(0, columns, mass), torch.full((m,), 1 / m).double())
    assert (rows.diff() >= 0).all() and (columns.diff() >= 0).all() and (mass > 0).all()


@pytest.mark.parametrize(("n", "m"), [(12, 12), (12, 5), (6, 15), (1, 9)])
def test_on_a_line_it_is_the_wasserstein_distance(n, m):
    real, fake = normal(n, 1), 2 * normal(m, 1, seed=1) + 1
    wanted = plain.squared_wasserstein(real.flatten().tolist(), fake.flatten().tolist())
    assert sliced_wasserstein(real, fake) == pytest.approx(math.sqrt(wanted))


def test_a_shift_is_seen_from_all_directions_as_its_length_over_the_root_of_the_dimensions():
    real, shift = normal(50, 8), normal(8, seed=1)
    found = sliced_wasserstein(real, (real + shift).flip(0), projections=4000)
    assert found == pytest.approx(float(shift.norm()) / math.sqrt(8), rel=0.03)


def test_images_are_flattened_and_directions_repeat():
    real, fake = normal(20, 3, 4, 4).float(), normal(30, 3, 4, 4, seed=1).float()
    found = sliced_wasserstein(real, fake)
    assert found == sliced_wasserstein(real.flatten(1), fake.flatten(1))
    assert found == sliced_wasserstein(real, fake, seed=0)
    assert found != sliced_wasserstein(real, fake, seed=1)
    assert found == pytest.approx(sliced_wasserstein(real, fake, seed=1), rel=0.1)


def test_sliced_wasserstein_is_a_distance():
    one, two = normal(40, 5), normal(30, 5, seed=1)
    assert sliced_wasserstein(one, one.flip(0)) == 0
    assert sliced_wasserstein(one, torch.cat([one, one])) == 0
    assert sliced_wasserstein(one, two) == pytest.approx(sliced_wasserstein(two, one))
    assert sliced_wasserstein(3 * one, 3 * two) == pytest.approx(3 * sliced_wasserstein(one, two))


@pytest.mark.parametrize(
    ("fake", "projections", "message"),
    [
        (torch.zeros(5, 3, 4, 5), 9, r"of one shape, found \[5, 3, 4, 4\] and \[5, 3, 4, 5\]"),
        (torch.zeros(5, 3, 4, 4), 0, "projections must be 1 or more, found 0"),
        (torch.full((5, 3, 4, 4), math.nan), 9, "5 of 5 rows of fake hold NaN"),
        (torch.zeros(5, 3, 4, 4, dtype=torch.uint8), 9, "fake must be floating point"),
    ],
)
def test_samples_that_cannot_be_compared_are_refused(fake, projections, message):
    with pytest.raises(MetricError, match=message):
        sliced_wasserstein(torch.zeros(5, 3, 4, 4), fake, projections=projections)
