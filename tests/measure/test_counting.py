"""Counting the modes of data whose modes are known, as `ganzoo eval` and cards do."""

from __future__ import annotations

import pytest
import torch

from ganzoo.data.mnist import MNISTMini
from ganzoo.errors import MetricError
from ganzoo.extractors import open_extractor
from ganzoo.measure.counting import MixtureModes, StackedModes, counting_of
from ganzoo.measure.evaluate import evaluate
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.methods import AsTheyAre
from ganzoo.measure.sources import TensorSource
from ganzoo.specs import Part

STACKED = Part("stacked-mnist")


def stacked(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Real digits as red, green and blue [n, 3, 32, 32], and their numbers [n, 3]."""
    digits, labels = MNISTMini("test", 32).batch(torch.arange(3 * n))
    return digits.view(n, 3, 32, 32), labels.view(n, 3)


def test_stacked_digits_are_counted_by_the_classifier_of_digits():
    images, labels = stacked(200)
    found = evaluate(TensorSource(images, "stacks"), AsTheyAre(STACKED), n=200, seeds=(0,))
    true = len((labels * torch.tensor([100, 10, 1])).sum(1).unique())
    assert abs(found.value("modes") - true) <= 3  # it may misread a digit or two
    assert found.value("confident_modes") <= found.value("modes")
    assert found.value("confident_share") > 0.85
    assert found.protocol.startswith(
        "against the 1,000 modes of stacked-mnist, read by cnn-mnist; n = 200"
    )
    assert any("26,000" in note for note in found.notes)
    assert next(iter(found.figures)) == "kl"  # it chooses the median seed: modes seldom differ


def test_one_kind_of_stack_is_one_mode():
    images, _ = stacked(1)
    method = AsTheyAre(STACKED)
    found = evaluate(TensorSource(images.expand(40, -1, -1, -1), "one"), method, n=40, seeds=(0,))
    assert found.value("modes") == 1
    assert found.value("kl") == pytest.approx(6.9078, abs=1e-3)  # ln 1000


def test_without_the_digits_there_is_no_floor_and_nothing_is_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    assert AsTheyAre(STACKED).anchors(64) == {}
    assert not any(tmp_path.iterdir())


def test_only_data_whose_modes_are_known_are_counted():
    assert isinstance(counting_of(Part("ring")), MixtureModes)
    assert isinstance(counting_of(STACKED), StackedModes)
    assert counting_of(Part("mnist-mini")) is None
    with pytest.raises(MetricError, match="ae-mnist knows no classes; digits need a classifier"):
        StackedModes(open_extractor("ae-mnist"))
    with pytest.raises(MetricError, match=r"images \[N, 3, H, W\], found \[2, 1, 32, 32\]"):
        counting_of(STACKED).values(torch.zeros(2, 1, 32, 32))


def test_counts_are_figures_of_the_registry():
    images, _ = stacked(2)
    assert counting_of(STACKED).values(images).keys() <= BY_KEY.keys()
