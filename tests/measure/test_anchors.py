"""The anchors: real samples, their Gaussian, their mean, and noise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ganzoo.data.mnist import MNISTMini
from ganzoo.data.splits import drawn
from ganzoo.measure.anchors import ANCHORS, anchors
from measuring import (
    TinyLinear,
    TinyPictures,
    classifier,
    measuring_plugin,
    mini_reference,
    tiny_reference,
)


class Correlated(TinyPictures):
    """Values far from the edges of [-1, 1], each like its neighbours."""

    def __init__(self) -> None:
        super().__init__(1500)
        flat = self.images.flatten(1)
        self.images = (0.1 + 0.1 * flat + 0.15 * flat.roll(1, 1)).view_as(self.images)


def all_of(name: str, data: TinyPictures, n: int) -> Tensor:
    return torch.cat(list(ANCHORS[name](data, n)))


@pytest.mark.parametrize("name", ANCHORS)
def test_as_many_samples_come_as_are_asked_for(name):
    data = TinyPictures(2000)
    pieces = list(ANCHORS[name](data, 1700))
    assert [len(piece) for piece in pieces] == [1000, 700]
    assert all(piece.shape[1:] == data.sample_shape for piece in pieces)
    again = all_of(name, data, 1700)
    assert torch.equal(again, torch.cat(pieces))
    assert again.dtype == torch.float32
    assert again.min() >= -1 and again.max() <= 1


def test_the_gaussian_has_the_datas_mean_and_covariance():
    data = Correlated()
    real, found = data.images.flatten(1).double(), all_of("Gaussian", data, 40_000).flatten(1)
    assert_close(found.double().mean(0), real.mean(0), atol=2e-3, rtol=0)
    assert_close(found.double().T.cov(), real.T.cov(), atol=5e-4, rtol=0)
    assert real.T.cov().diag().min() > 1e-3
    assert real.T.cov()[0, 1] > 2e-3


def test_the_gaussians_samples_are_new_ones():
    found = all_of("Gaussian", Correlated(), 200)
    nearest = torch.cdist(found.flatten(1), Correlated().images.flatten(1)).min(1).values
    assert nearest.min() > 0.05


def test_the_mean_is_one_image_again_and_again():
    data = TinyPictures(300)
    found = all_of("mean image", data, 50)
    assert_close(found, data.images.mean(0).expand(50, -1, -1, -1))


def test_noise_is_uniform():
    found = all_of("noise", TinyPictures(), 3000)
    assert found.mean() == pytest.approx(0, abs=0.01)
    assert found.var() == pytest.approx(1 / 3, abs=0.01)
    shares = found.flatten().sort().values
    assert_close(shares, torch.linspace(-1, 1, len(shares)), atol=0.02, rtol=0)
    assert not torch.equal(found[:1000], found[1000:2000])


def test_real_samples_are_of_the_training_set_in_random_order():
    data = TinyPictures(300)
    assert torch.equal(all_of("real", data, 200), data.images[drawn(data, 200)])
    assert len(all_of("real", data, 1000)) == 300


def test_nothing_draws_from_the_callers_random_state():
    before = torch.get_rng_state()
    for name in ANCHORS:
        all_of(name, TinyPictures(), 20)
    assert torch.equal(torch.get_rng_state(), before)


def test_on_digits_real_is_better_than_gaussian_is_better_than_noise():
    found = anchors(classifier(), mini_reference(), MNISTMini("train"), 300)
    assert list(found) == ["real", "Gaussian", "mean image", "noise"]
    fd = {name: row["fd"] for name, row in found.items()}
    assert fd["real"] < 3 < 20 < fd["Gaussian"] < fd["mean image"] < fd["noise"]
    for key in ("recall", "coverage"):
        assert found["real"][key] > 0.5 > 0.1 > found["Gaussian"][key] >= found["noise"][key]
    assert found["real"]["class_kl"] < 0.05 < 1 < found["Gaussian"]["class_kl"]
    assert found["real"]["swd"] < found["Gaussian"]["swd"] < found["noise"]["swd"]
    assert found["Gaussian"]["memorisation"] < found["noise"]["memorisation"]


def test_real_training_samples_would_be_memorised_were_the_floor_not_that_of_test_samples(world):
    """They lie in the training set, so their own ratio says nothing."""
    world(measuring_plugin())
    found = anchors(TinyLinear(), tiny_reference(), TinyPictures(), 60)
    assert found["real"]["memorisation"] == 1.0
    assert found["noise"]["memorisation"] > 1.0


def test_where_memorisation_is_not_measured_it_has_no_floor(world):
    from dataclasses import replace

    world(measuring_plugin())
    light = replace(tiny_reference(), training=None, pixels=None)
    found = anchors(TinyLinear(), light, TinyPictures(), 60)
    assert all("memorisation" not in row and "swd" not in row for row in found.values())


def test_figures_are_rounded_so_that_files_have_the_same_bytes_everywhere(world):
    world(measuring_plugin())
    found = anchors(TinyLinear(), tiny_reference(), TinyPictures(), 60)
    for row in found.values():
        assert all(value == float(f"{value:.9g}") for value in row.values())
