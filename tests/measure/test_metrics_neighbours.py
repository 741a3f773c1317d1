"""Nearest neighbours, and the metrics made of them."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import metrics_reference as plain
from ganzoo.errors import MetricError
from ganzoo.metrics import (
    density_coverage,
    mean_nearest,
    memorisation_ratio,
    nearest,
    nearest_others,
    precision_recall,
)
from metrics_reference import normal


def points(least):
    """Sets of points on a small lattice, so that copies and ties abound."""
    point = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    rows = st.lists(point, min_size=least, max_size=25)
    return rows.map(lambda rows: torch.tensor(rows, dtype=torch.float64))


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


# Nearest


@pytest.mark.parametrize("k", [1, 3, 40])
def test_the_nearest_are_those_of_a_plain_search(k):
    queries, bank = normal(20, 5), normal(40, 5, seed=1)
    assert_close(nearest(queries, bank, k), tensor(plain.nearest(queries, bank, k)))


@given(points(1), points(4), st.integers(1, 4), st.sampled_from([0, 1e-3, 1e7]))
def test_copies_and_ties_are_measured_exactly(queries, bank, k, offset):
    found = nearest(queries + offset, bank + offset, k)
    wanted = tensor(plain.nearest(queries + offset, bank + offset, k))
    assert_close(found, wanted, rtol=1e-14, atol=0)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=30),
    st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=30),
    st.sampled_from([0, 1e9]),
)
def test_whatever_the_scale_the_nearest_are_right(queries, bank, offset):
    """Points on a line, whose products cancel where they lie far from 0 and close together."""
    queries, bank = tensor(queries)[:, None] + offset, tensor(bank)[:, None] + offset
    wanted = (queries - bank.T).abs().sort(1).values[:, :2]
    assert_close(nearest(queries, bank, 2), wanted, rtol=1e-14, atol=1e-150)


def test_a_copy_lies_at_distance_zero_far_from_the_origin():
    bank = normal(300, 16) + 1e6
    assert nearest(bank, bank).eq(0).all()
    assert nearest_others(torch.cat([bank, bank])).eq(0).all()


def test_more_near_copies_than_spare_candidates_are_told_apart():
    """Nearer to the query than the products can tell: some 1e-9, where all lie about 1 off."""
    near = 1 + 1e-9 * torch.linspace(1, 2, 50, dtype=torch.float64)
    bank = torch.cat([normal(200, 1) + 10, near.flip(0)[:, None]])
    found = nearest(torch.ones(1, 1, dtype=torch.float64), bank, 3)
    assert_close(found[0], near[:3] - 1, rtol=1e-12, atol=0)


def test_others_are_all_rows_but_itself():
    features = normal(30, 4)
    table = torch.cdist(features, features).fill_diagonal_(math.inf)
    assert_close(nearest_others(features, 4), table.sort(1).values[:, :4])


@pytest.mark.parametrize("k", [0, 6])
def test_more_neighbours_than_rows_are_refused(k):
    with pytest.raises(MetricError, match=f"k must be 1 to 5, the rows of the bank, found {k}"):
        nearest(normal(9, 2), normal(5, 2), k)
    with pytest.raises(MetricError, match=r"k must be 1|6 neighbours need more than 6 rows"):
        nearest_others(normal(5, 2), k)


# Precision, recall, density and coverage


@given(points(4), points(4), st.integers(1, 3))
def test_the_four_are_those_of_plain_loops(real, fake, k):
    assert precision_recall(real, fake, k) == pytest.approx(plain.precision_recall(real, fake, k))
    assert density_coverage(real, fake, k) == pytest.approx(plain.density_coverage(real, fake, k))


@pytest.mark.parametrize("k", [1, 5])
def test_the_four_are_those_of_plain_loops_in_more_dimensions(k):
    real, fake = normal(40, 6), 0.8 * normal(50, 6, seed=1)
    assert precision_recall(real, fake, k) == pytest.approx(plain.precision_recall(real, fake, k))
    assert density_coverage(real, fake, k) == pytest.approx(plain.density_coverage(real, fake, k))


def test_balls_are_closed_so_that_a_set_lies_within_its_own():
    real = normal(60, 5) + 1e4
    assert precision_recall(real, real.flip(0)) == (1.0, 1.0)
    assert precision_recall(real, real[:1].expand(60, 5)) == (1.0, 1 / 60)
    assert density_coverage(real, real)[1] == 1
    assert density_coverage(real, real)[0] == pytest.approx(6 / 5)  # itself, and five on average


def test_sets_far_apart_share_nothing():
    real, fake = normal(30, 3), normal(30, 3, seed=1) + 100
    assert precision_recall(real, fake) == (0, 0)
    assert density_coverage(real, fake) == (0, 0)


def test_fakes_of_half_the_data_are_precise_and_recall_half():
    real = torch.cat([normal(100, 2), normal(100, 2, seed=1) + 50])
    fake = normal(200, 2, seed=2)
    precision, recall = precision_recall(real, fake)
    assert precision > 0.9 and 0.4 < recall <= 0.5
    density, coverage = density_coverage(real, fake)
    assert 0.8 < density < 1.2 and 0.4 < coverage <= 0.5


def test_real_and_fake_are_not_the_same_to_the_four():
    real, fake = normal(100, 2), 0.1 * normal(100, 2, seed=1)
    precision, recall = precision_recall(real, fake)
    assert precision > 0.9 > 0.3 > recall
    assert precision_recall(fake, real) == (recall, precision)
    density, coverage = density_coverage(real, fake)
    assert density > 1 > 0.3 > coverage


def test_density_and_coverage_of_a_perfect_sampler_are_what_the_paper_expects():
    """Naeem et al. 2020: 1, and by lemma 2 that not all k nearest of both sets are real."""
    n, m, k = 20, 30, 5
    draws = [
        density_coverage(normal(n, 2, seed=2 * i), normal(m, 2, seed=2 * i + 1), k)
        for i in range(400)
    ]
    found = torch.tensor(draws, dtype=torch.float64)
    missed = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    error = found.std(0) / 400**0.5
    assert (found.mean(0) - tensor([1, 1 - missed])).abs().div(error).max() < 3


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
def test_sets_no_larger_than_k_are_refused(metric):
    with pytest.raises(MetricError, match="4 neighbours need more than 4 rows, found 4 in real"):
        metric(normal(4, 2), normal(9, 2), 4)
    with pytest.raises(MetricError, match="4 neighbours need more than 4 rows, found 3 in fake"):
        metric(normal(9, 2), normal(3, 2), 4)
    with pytest.raises(MetricError, match="k must be 1 or more, found 0"):
        metric(normal(9, 2), normal(9, 2), 0)


# Memorisation


def test_copies_of_the_training_set_are_memorised():
    train, test = normal(200, 6), normal(50, 6, seed=1)
    assert memorisation_ratio(train, train[:70].flip(0), test) == 0
    half = torch.cat([train[:50], normal(50, 6, seed=2)])
    assert memorisation_ratio(train, half, test) == pytest.approx(0.5, abs=0.1)


def test_new_samples_are_as_far_as_held_out_ones():
    train, fake, test = normal(500, 6), normal(400, 6, seed=1), normal(400, 6, seed=2)
    assert memorisation_ratio(train, fake, test) == pytest.approx(1, abs=0.05)
    close = train[:400] + 1e-3 * fake
    assert memorisation_ratio(train, close, test) < 0.01


def test_the_test_sets_mean_can_be_kept():
    train, fake, test = normal(60, 3), normal(40, 3, seed=1), normal(50, 3, seed=2)
    kept = mean_nearest(test, train)
    assert memorisation_ratio(train, fake, test) == mean_nearest(fake, train) / kept
    assert kept == pytest.approx(sum(d for (d,) in plain.nearest(test, train, 1)) / 50)


def test_a_test_set_within_the_training_set_is_refused():
    train = normal(60, 3)
    with pytest.raises(MetricError, match="all 20 test samples are also in the training set"):
        memorisation_ratio(train, normal(20, 3, seed=1), train[:20])
