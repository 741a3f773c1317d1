"""What an extractor is shown: everything once, in order, and nothing that would give a figure."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.measure import features
from ganzoo.measure.features import extract
from measuring import SHAPE, TinyClasses, TinyLinear, classifier, digits, normal


def some(n: int = 10, seed: int = 0) -> Tensor:
    return normal(n, *SHAPE, seed=seed).tanh()


def test_everything_is_seen_once_in_order_however_it_comes():
    extractor, samples = TinyClasses(), some(1300)
    whole = extract(extractor, [samples], "x")
    pieces = extract(extractor, torch.split(samples, 7), "x")
    torch.testing.assert_close(whole.features, extractor(samples).detach())
    torch.testing.assert_close(pieces.features, whole.features)
    torch.testing.assert_close(pieces.logits, whole.logits)
    assert whole.logits.shape == (1300, 2)
    assert len(whole) == 1300
    assert torch.equal(pieces.first, samples)


def test_only_the_first_samples_are_kept():
    samples = some(2500)
    seen = extract(TinyLinear(), torch.split(samples, 900), "x")
    assert seen.logits is None
    assert torch.equal(seen.first, samples[: features.NEIGHBOURS])
    assert len(seen) == 2500


def test_of_many_features_some_stay_and_the_moments_of_all():
    samples = some(300)
    whole, few = (extract(TinyLinear(), torch.split(samples, 90), "x", keep=k) for k in (300, 40))
    assert torch.equal(few.features, whole.features[:40])
    assert len(few) == 300
    torch.testing.assert_close(few.moments.covariance, whole.moments.covariance)
    torch.testing.assert_close(few.moments.mean, whole.features.double().mean(0))


def test_values_of_any_range_are_seen_by_who_takes_them():
    extractor = TinyLinear()
    extractor.value_range = None
    assert len(extract(extractor, [some() * 9], "x")) == 10
    assert len(extract(extractor, [some().abs()], "x")) == 10


def test_seen_features_carry_no_gradient():
    extractor = TinyLinear()
    assert extractor.matrix.requires_grad
    assert not extract(extractor, [some()], "x").features.requires_grad


class Shown(TinyLinear):
    """Notes how many samples it is shown at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, samples: Tensor) -> Tensor:
        self.sizes.append(len(samples))
        return super().forward(samples)


@pytest.mark.parametrize(("shape", "most"), [(SHAPE, features.BATCH), (None, features.ENLARGED)])
def test_a_network_that_enlarges_is_shown_fewer_at_once(shape, most):
    extractor = Shown()
    extractor.sample_shape = shape
    extract(extractor, [some(1100)], "x")
    assert max(extractor.sizes) == most
    assert sum(extractor.sizes) == 1100


@pytest.mark.parametrize(
    ("samples", "text"),
    [
        (torch.zeros(3, 1, 8, 8), r"x: samples of shape \[1, 8, 8\], and tiny-linear takes \[1, 4"),
        (torch.zeros(3, 3, 4, 4), r"samples of shape \[3, 4, 4\].*; choose another with --extra"),
        (torch.zeros(3, 2), r"samples of shape \[2\]"),
        (some().index_fill(0, torch.tensor([3]), math.nan), "1 of 10 samples hold NaN or infinity"),
        (some().index_fill(0, torch.tensor([1, 4]), -math.inf), "2 of 10 samples hold NaN"),
        (some() * 2, r"values from -1.9\d* to 1.9\d*, and .* lies in \[-1, 1\]"),
        (some().add(1).mul(127.5), r"values from .* to 25\d"),
        (some().add(1).mul(127.5).byte(), r"values from .* to 25\d"),
        (some().add(1).div(2), r"no value lies below 0; .* seem to lie in \[0, 1\]: convert them"),
        (torch.zeros(0, *SHAPE), "x: there are no samples to measure"),
    ],
)
def test_what_would_give_a_wrong_figure_is_refused(samples, text):
    with pytest.raises(MetricError, match=text):
        extract(TinyLinear(), [samples], "x")


def test_nothing_at_all_is_refused():
    with pytest.raises(MetricError, match="there are no samples to measure"):
        extract(TinyLinear(), [], "x")


def test_a_bad_sample_is_found_in_any_batch():
    bad = some().index_fill(0, torch.tensor([9]), math.inf)
    with pytest.raises(MetricError, match="1 of 10 samples"):
        extract(TinyLinear(), [some(), some(), bad], "x")


def test_empty_pieces_and_dark_batches_are_no_harm():
    bright = torch.ones(5, *SHAPE)
    seen = extract(TinyLinear(), [bright, torch.zeros(0, *SHAPE), some()], "x")
    assert len(seen) == 15


def test_rounding_may_leave_the_range_a_little():
    edge = torch.where(some() > 0, 1.0, -1.0)
    assert len(extract(TinyLinear(), [edge * (1 + 1e-4)], "x")) == 10
    with pytest.raises(MetricError, match=r"values from -1\.01 to 1\.01"):
        extract(TinyLinear(), [edge * 1.01], "x")


def test_digits_in_the_wrong_range_are_told():
    with pytest.raises(MetricError, match=r"digits: no value lies below 0"):
        extract(classifier(), [digits()[:4].add(1).div(2)], "digits")


class Wide(TinyLinear):
    """Gives other features than it says."""

    feature_dim = 5


class Square(TinyLinear):
    """Gives features that are no rows."""

    def forward(self, samples: Tensor) -> Tensor:
        return super().forward(samples)[:, :, None]


@pytest.mark.parametrize(
    ("extractor", "text"),
    [
        (Wide(), r"extractor tiny-linear: feature_dim is 5, and it gave features of shape \[3\]"),
        (Square(), r"feature_dim is 3, and it gave features of shape \[3, 1\]"),
    ],
)
def test_an_extractor_that_breaks_its_word_is_told(extractor, text):
    with pytest.raises(MetricError, match=text):
        extract(extractor, [some()], "x")
