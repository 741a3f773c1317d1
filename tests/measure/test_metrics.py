"""Metrics on features' distributions: moments, Fréchet and kernel distance."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import metrics_reference as plain
from ganzoo import metrics
from ganzoo.errors import MetricError
from ganzoo.metrics import Moments, checks, distances, frechet_distance, kernel_distance, neighbours
from metrics_reference import normal

FLOATS = pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64]
)


def correlated(n, width, seed=0):
    """Features [n, width] whose mean and covariance are nothing special."""
    return normal(n, width, seed=seed) @ normal(width, width, seed=seed + 100) + normal(width)


def gaussian(mean, covariance):
    """A Gaussian as if it was measured on many samples."""
    return Moments.known(1000, torch.as_tensor(mean), torch.as_tensor(covariance))


def rotation(width, seed=0):
    return torch.linalg.qr(normal(width, width, seed=seed)).Q


def test_the_public_names_are_sorted_and_there():
    assert metrics.__all__ == sorted(metrics.__all__)
    assert all(getattr(metrics, name) for name in metrics.__all__)


# Moments


def test_moments_are_the_mean_and_the_unbiased_covariance():
    features = correlated(50, 6)
    moments = Moments.of(features)
    assert (moments.n, moments.feature_dim) == (50, 6)
    assert_close(moments.mean, features.mean(0))
    assert_close(moments.covariance, features.T.cov())


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 2**32))
def test_moments_depend_neither_on_chunks_nor_on_their_order(sizes, seed):
    features = correlated(sum(sizes) + 1, 5, seed=seed)
    whole = Moments.of(features)
    shuffled = features[torch.randperm(len(features), generator=torch.Generator().manual_seed(1))]
    chunked = Moments(5)
    for chunk in shuffled.split([*sizes, 1]):
        chunked.update(chunk)
    assert chunked.n == whole.n
    for found, wanted in ((chunked.mean, whole.mean), (chunked.covariance, whole.covariance)):
        assert_close(found, wanted, rtol=0, atol=1e-12 * float(wanted.abs().max()))


def test_a_large_offset_costs_no_digits_of_the_covariance():
    features, offset = correlated(300, 4), 1e6
    moments = Moments(4)
    for chunk in (features + offset).split(70):
        moments.update(chunk)
    assert_close(moments.mean, features.mean(0) + offset, rtol=1e-15, atol=0)
    assert_close(moments.covariance, features.T.cov(), rtol=0, atol=1e-8)  # what the sum rounds off


@FLOATS
def test_moments_are_in_float64_whatever_comes_in(dtype):
    features = correlated(20, 3).to(dtype).requires_grad_()
    moments = Moments.of(features)
    assert (moments.mean.dtype, moments.covariance.dtype) == (torch.float64, torch.float64)
    assert not moments.covariance.requires_grad
    assert_close(moments.covariance, features.detach().double().T.cov())


def test_stored_moments_are_as_good_as_measured_ones():
    first, second = correlated(40, 5), correlated(30, 5, seed=1)
    measured = Moments.of(first)
    stored = Moments.known(measured.n, measured.mean, measured.covariance)
    assert_close(stored.covariance, measured.covariance)
    both = Moments.of(torch.cat([first, second]))
    assert_close(stored.update(second).covariance, both.covariance)


def test_a_refused_chunk_leaves_the_moments_as_they_were():
    features = correlated(20, 3)
    moments, before = Moments.of(features), Moments.of(features)
    features[7, 1] = math.nan
    with pytest.raises(MetricError, match="1 of 20 rows of features hold NaN or infinity"):
        moments.update(features)
    assert moments.n == 20
    assert torch.equal(moments.covariance, before.covariance)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (torch.zeros(5, 4), r"expected features \[N, 3\], found \[N, 4\]"),
        (torch.zeros(3), r"features must be \[N, F\] .*, found \[3\]"),
        (torch.zeros(2, 3, 1), r"features must be \[N, F\] .*, found \[2, 3, 1\]"),
        (torch.zeros(0, 3), r"features must be \[N, F\] with N and F above 0, found \[0, 3\]"),
        (torch.zeros(2, 3, dtype=torch.uint8), r"must be floating point, found torch.uint8"),
        (torch.full((2, 3), math.inf), "2 of 2 rows of features hold NaN or infinity"),
    ],
)
def test_moments_refuse_what_are_no_features(features, message):
    with pytest.raises(MetricError, match=message):
        Moments(3).update(features)


@pytest.mark.parametrize("n", [0, 1])
def test_a_covariance_needs_two_features(n):
    moments = Moments(2) if n == 0 else Moments.of(torch.ones(1, 2))
    with pytest.raises(MetricError, match=f"a covariance needs 2 features or more, found {n}"):
        _ = moments.covariance


@pytest.mark.parametrize(
    ("n", "mean", "covariance", "message"),
    [
        (1, torch.zeros(2), torch.eye(2), "needs 2 features or more, found 1"),
        (9, torch.zeros(3), torch.eye(2), r"covariance \[F, F\], found \[3\] and \[2, 2\]"),
        (9, torch.zeros(2), torch.tensor([[1.0, 0.5], [0.4, 1.0]]), "symmetric, this one is off"),
        (9, torch.zeros(2), torch.full((2, 2), math.nan), "2 of 2 rows of the covariance hold NaN"),
        (9, torch.zeros(2, 2), torch.eye(2), r"a mean \[F\] and .*, found \[2, 2\] and \[2, 2\]"),
        (9, torch.tensor([0, math.inf]), torch.eye(2), "1 of 1 rows of the mean hold NaN"),
    ],
)
def test_stored_moments_are_checked(n, mean, covariance, message):
    with pytest.raises(MetricError, match=message):
        Moments.known(n, mean, covariance)


# Fréchet distance


@pytest.mark.parametrize("turned", [False, True])
def test_the_frechet_distance_of_axes_of_their_own_lengths(turned):
    axes = rotation(3) if turned else torch.eye(3, dtype=torch.float64)
    one = gaussian([0.0, 0, 0], axes @ torch.tensor([1.0, 4, 9]).double().diag() @ axes.T)
    two = gaussian([1.0, 2, 2], axes @ torch.tensor([4.0, 4, 16]).double().diag() @ axes.T)
    assert frechet_distance(one, two) == pytest.approx(9 + 1 + 0 + 1, rel=1e-12)


@given(st.integers(0, 2**32))
def test_the_frechet_distance_in_the_plane_has_a_closed_form(seed):
    """For 2 x 2, the root's eigenvalues a and b obey (a + b)² = a² + b² + 2ab = tr + 2 √det."""
    roots = normal(2, 2, 2, seed=seed)
    one, two = roots @ roots.mT + 1e-3 * torch.eye(2)
    product = one @ two
    root_trace = (product.trace() + 2 * product.det().sqrt()).sqrt()
    wanted = float(one.trace() + two.trace() - 2 * root_trace)
    found = frechet_distance(gaussian([0.0, 0], one), gaussian([0.0, 0], two))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_a_shift_costs_its_squared_length_and_a_stretch_what_it_moves():
    features, shift = correlated(200, 7), normal(7, seed=3)
    moments = Moments.of(features)
    shifted = frechet_distance(moments, Moments.of(features + shift))
    assert shifted == pytest.approx(float(shift.square().sum()), rel=1e-9)
    size = float(moments.covariance.trace() + moments.mean.square().sum())
    stretched = frechet_distance(moments, Moments.of(3 * features))
    assert stretched == pytest.approx(4 * size, rel=1e-9)


def test_the_frechet_distance_is_a_distance():
    one, two = Moments.of(correlated(50, 8)), Moments.of(correlated(60, 8, seed=1))
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one), rel=1e-12)
    assert frechet_distance(one, two) > 1


@pytest.mark.parametrize("seed", range(9))
def test_the_frechet_distance_to_itself_is_zero_and_never_below(seed):
    moments = Moments.of(correlated(50, 8, seed=seed))
    assert 0 <= frechet_distance(moments, moments) < 1e-10


def test_neither_a_turn_nor_the_order_of_features_matters():
    one, two = correlated(50, 8), correlated(60, 8, seed=1)
    wanted = frechet_distance(Moments.of(one), Moments.of(two))
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    for change in (rotation(8), torch.eye(8, dtype=torch.float64)[order]):
        found = frechet_distance(Moments.of(one @ change), Moments.of(two @ change))
        assert found == pytest.approx(wanted, rel=1e-10)


def test_a_covariance_without_full_rank_is_measured_too():
    one, two = correlated(60, 6), correlated(70, 6, seed=1)
    dead = torch.zeros(70, 3, dtype=torch.float64)
    wanted = frechet_distance(Moments.of(one), Moments.of(two))
    with_dead = [Moments.of(torch.cat([x, dead[: len(x)]], 1)) for x in (one, two)]
    assert frechet_distance(*with_dead) == pytest.approx(wanted, rel=1e-10)
    twice = [Moments.of(torch.cat([x, x], 1) @ rotation(12)) for x in (one, two)]
    assert frechet_distance(*twice) == pytest.approx(
        2 * wanted, rel=1e-6
    )  # √ of what rounding left


def test_a_single_point_is_measured_too():
    features, point = correlated(60, 6), normal(6, seed=5)
    moments = Moments.of(features)
    still = Moments.of(point.expand(60, 6))
    wanted = float((moments.mean - point).square().sum() + moments.covariance.trace())
    assert frechet_distance(moments, still) == pytest.approx(wanted, rel=1e-12)
    other = Moments.of((point + 2).expand(60, 6))
    assert frechet_distance(still, other) == pytest.approx(24, rel=1e-12)


def test_too_few_samples_are_refused():
    few, enough = Moments.of(normal(8, 8)), Moments.of(normal(9, 8))
    message = "too few samples .* 8 features, found 8 and 9: draw at least 9 on each side"
    with pytest.raises(MetricError, match=message):
        frechet_distance(few, enough)
    with pytest.raises(MetricError, match="found 9 and 8"):
        frechet_distance(enough, few)
    assert frechet_distance(enough, enough) < 1e-10


def test_features_of_two_widths_are_refused():
    with pytest.raises(MetricError, match="found 2 features on one side and 3 on the other"):
        frechet_distance(Moments.of(normal(9, 2)), Moments.of(normal(9, 3)))


def test_what_was_stored_for_a_covariance_and_is_none_is_refused():
    wrong = gaussian([0.0, 0], [[1.0, 2], [2, 1]])
    with pytest.raises(MetricError, match="no negative eigenvalue, found -1 beside 3"):
        frechet_distance(wrong, wrong)


# Kernel distance


@pytest.mark.parametrize(("n", "m"), [(2, 2), (9, 14), (15, 3)])
def test_the_kernel_distance_is_the_papers(n, m):
    real, fake = normal(n, 4), normal(m, 4, seed=1) + 0.5
    assert kernel_distance(real, fake) == pytest.approx(plain.kernel_distance(real, fake), rel=1e-9)


def test_the_kernel_distance_of_one_distribution_is_zero_on_average():
    draws = normal(2, 300, 12, 3)
    found = torch.tensor([kernel_distance(real, fake) for real, fake in zip(*draws, strict=True)])
    assert found.min() < 0  # unbiased, so some fall below
    assert abs(float(found.mean())) < 3 * float(found.std()) / 300**0.5
    apart = [kernel_distance(real, fake + 0.3) for real, fake in zip(*draws, strict=True)]
    assert sum(apart) / 300 > 10 * abs(float(found.mean()))


def test_the_kernel_distance_does_not_change_with_a_turn_or_the_order():
    real, fake = normal(40, 5), normal(30, 5, seed=1)
    wanted = kernel_distance(real, fake)
    turn = rotation(5)
    assert kernel_distance(real @ turn, fake @ turn) == pytest.approx(wanted, rel=1e-9)
    assert kernel_distance(real.flip(0), fake.flip(0)) == pytest.approx(wanted, rel=1e-9)
    assert kernel_distance(fake, real) == pytest.approx(wanted, rel=1e-9)


def test_the_kernel_distance_of_single_samples_is_refused():
    with pytest.raises(MetricError, match="needs 2 samples or more, found 1 real and 5 fake"):
        kernel_distance(normal(1, 3), normal(5, 3))


# All that compare two sets


PAIRWISE = pytest.mark.parametrize(
    "metric",
    [
        metrics.kernel_distance,
        metrics.precision_recall,
        metrics.density_coverage,
        metrics.mean_nearest,
        metrics.sliced_wasserstein,
    ],
)


@PAIRWISE
def test_blocks_change_nothing(metric, monkeypatch):
    real, fake = normal(50, 3), normal(61, 3, seed=1)
    wanted = metric(real, fake)
    monkeypatch.setattr(checks, "_BLOCK", 60)
    monkeypatch.setattr(distances, "TILE", 7)
    monkeypatch.setattr(neighbours, "TILE", 7)
    assert metric(real, fake) == pytest.approx(wanted, rel=1e-12)


@PAIRWISE
@FLOATS
def test_any_floating_dtype_is_measured_in_float64(metric, dtype):
    real, fake = normal(30, 3).to(dtype), normal(30, 3, seed=1).to(dtype)
    assert metric(real, fake) == metric(real.double(), fake.double())


@PAIRWISE
def test_rows_that_are_not_finite_are_refused(metric):
    real, fake = normal(30, 3), normal(30, 3, seed=1)
    fake[2:4, 0] = math.nan
    with pytest.raises(MetricError, match="2 of 30 rows of .* hold NaN or infinity"):
        metric(fake, real)
    with pytest.raises(MetricError, match="2 of 30 rows of .* hold NaN or infinity"):
        metric(real, fake)


@PAIRWISE
def test_rows_of_two_widths_are_refused(metric):
    with pytest.raises(MetricError, match="found .*3.* and .*4"):
        metric(normal(30, 3), normal(30, 4))


@PAIRWISE
def test_empty_sets_are_refused(metric):
    with pytest.raises(MetricError, match="found"):
        metric(normal(30, 3), normal(0, 3))
