"""What protocols measure, on samples whose figures are known."""

from __future__ import annotations

import pytest
import torch

from ganzoo.bench import controls
from ganzoo.bench.measures import MEASURES
from ganzoo.bench.measuring import measure_of, measured
from ganzoo.errors import DataError, GanzooError, MetricError, UnknownNameError, UsageError
from ganzoo.plugins import PART_HOOKS
from ganzoo.specs import Part, Recipe, read_record
from tiny import tiny_plugin

MINI = Part("mnist-mini")


@pytest.fixture(autouse=True)
def _with_bars(world):
    world(tiny_plugin(**{PART_HOOKS["extractor"]: {"bars": "bench_protocols:Bars"}}))


def bars(digits: torch.Tensor, size: int = 10) -> torch.Tensor:
    """Images [N, C, size, size] whose row `digits` [N, C] is bright; of size 10 or 20."""
    rows = torch.nn.functional.one_hot(digits, 10).float() * 2 - 1
    images = rows.unsqueeze(3).expand(-1, -1, 10, 10)
    return images.repeat_interleave(size // 10, 2).repeat_interleave(size // 10, 3)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_real_points_have_all_modes_of_the_right_spread(name):
    data = Part(name)
    found = measured(measure_of(Part("modes")), controls.drawn("real", data, 2500, 0), data, "cpu")
    assert found["modes"] == {"ring": 8, "grid": 25}[name]
    assert found["high_quality"] == pytest.approx(0.989, abs=0.006)
    assert found["spread_ratio"] == pytest.approx(1.0, abs=0.03)
    assert found["reverse_kl"] < 0.02


def test_modes_are_of_mixtures_alone():
    with pytest.raises(MetricError, match="for Gaussian mixtures .*, not for mnist-mini"):
        measured(measure_of(Part("modes")), torch.zeros(4, 2), MINI, "cpu")


@pytest.mark.parametrize("size", [10, 20])
def test_stacked_modes_are_counted_channel_by_channel(size):
    digits = torch.tensor([[1, 2, 3], [1, 2, 3], [3, 2, 1], [0, 0, 0]])
    part = Part("stacked-modes", {"extractor": "bars"})
    found = measured(measure_of(part), bars(digits, size), Part("stacked-mnist"), "cpu")
    assert found["modes"] == found["confident_modes"] == 3
    assert found["confident_share"] == 1
    shares = torch.tensor([0.5, 0.25, 0.25])
    assert found["kl"] == pytest.approx(float((shares * (shares * 1000).log()).sum()))


def test_stacked_modes_need_three_channels_and_classes():
    with pytest.raises(MetricError, match=r"images \[N, 3, H, W\], found \[4, 1, 10, 10\]"):
        measured(measure_of(Part("stacked-modes")), torch.zeros(4, 1, 10, 10), MINI, "cpu")


def test_the_frechet_distance_is_to_the_test_images():
    data = Part("mnist-mini", {"size": 10})
    part = Part("frechet", {"extractor": "bars", "n": 500})
    test = controls.drawn("real", Part("mnist-mini", {"size": 10, "split": "test"}), 1000, 0)
    assert measured(measure_of(part), test, data, "cpu")["fd"] == pytest.approx(0, abs=1e-6)
    floor = measured(measure_of(part), controls.drawn("real", data, 500, 0), data, "cpu")["fd"]
    noise = measured(measure_of(part), controls.drawn("noise", data, 500, 0), data, "cpu")["fd"]
    assert 0 < floor < noise / 10


def test_the_frechet_distance_takes_the_data_set_as_a_recipe_has_it():
    """With whatever a recipe says of it beside its name and arguments."""
    recipe = {"loss": {"name": "hinge"}, "data": {"name": "mnist-mini", "arguments": {"size": 10}}}
    data = read_record(Recipe, recipe, "recipe").data
    samples = controls.drawn("real", data, 300, 0)
    part = Part("frechet", {"extractor": "bars", "n": 300})
    assert measured(measure_of(part), samples, data, "cpu")["fd"] > 0


def test_images_of_another_size_are_not_resized_in_secret():
    part = Part("frechet", {"extractor": "bars", "n": 500})
    with pytest.raises(MetricError, match=r"shape \[1, 20, 20\], and bars takes \[1, 10, 10\]"):
        measured(
            measure_of(part), torch.zeros(9, 1, 20, 20) - 1, Part("mnist-mini", {"size": 20}), "cpu"
        )


def test_an_extractor_is_named_as_for_eval(tmp_path):
    """With a model's name after a colon."""
    with pytest.raises(UsageError, match="timm has no model 'resnet1'; did you mean"):
        measure_of(Part("frechet", {"extractor": "timm:resnet1"})).check()


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (
            Part("frechet", {"n": 64}),
            "64 samples are too few for 64 features of cnn-mnist: .*; ask for more than 64",
        ),
        (Part("frechet", {"extractor": "cnn-mnits"}), "no extractor 'cnn-mnits'; did you mean"),
        (Part("stacked-modes", {"extractor": "ae-mnist"}), "ae-mnist knows no classes; digits"),
        (Part("modes", {"n": True}), "n is 1 sample or more, found True"),
    ],
)
def test_a_measure_that_could_not_be_taken_is_refused_before(measure, text):
    with pytest.raises(GanzooError, match=text):
        measure_of(measure).check()


@pytest.mark.parametrize(
    ("name", "n"), [("modes", 2_500), ("stacked-modes", 26_000), ("frechet", 10_000)]
)
def test_n_is_the_papers_unless_the_protocol_says_otherwise(name, n):
    assert measure_of(Part(name)).n == n
    assert measure_of(Part(name, {"n": 7})).n == 7


@pytest.mark.parametrize("name", MEASURES)
def test_every_column_can_be_written(name):
    for column in measure_of(Part(name)).columns:
        assert "{" not in column.header
        assert column.text(0.5)


# Controls


def test_real_samples_are_the_data_sets_own_and_no_two_alike():
    drawn = controls.drawn("real", Part("ring"), 500, 0)
    assert len(drawn.unique(dim=0)) == 500
    assert torch.equal(drawn, controls.drawn("real", Part("ring"), 500, 0))
    assert not torch.equal(drawn, controls.drawn("real", Part("ring"), 500, 1))


def test_noise_fills_the_datas_range():
    images = controls.drawn("noise", MINI, 50, 0)
    assert images.shape == (50, 1, 28, 28)
    assert (-1 <= images.min() < -0.99) and (0.99 < images.max() <= 1)
    points = controls.drawn("noise", Part("grid"), 5000, 0)
    assert 4 < points.abs().max() < 4.5


def test_more_real_samples_than_there_are_is_told():
    with pytest.raises(
        DataError, match="5,000 real samples were requested, the data set has 2,000"
    ):
        controls.drawn("real", MINI, 5_000, 0)


def test_an_unknown_control_says_the_nearest():
    with pytest.raises(UnknownNameError, match="no control 'noice'; did you mean 'noise'"):
        controls.drawn("noice", MINI, 5, 0)
