"""Figures of the average during a training: exact, named honestly, and without a trace in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import ganzoo
from ganzoo.engine.run.options import RunOptions
from ganzoo.errors import MetricError, UsageError
from ganzoo.extractors import open_extractor
from ganzoo.measure.evaluate import evaluate
from ganzoo.measure.methods import InFeatures
from ganzoo.measure.on_the_way import on_the_way
from ganzoo.measure.real_statistics import shipped_or_made
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import Part
from ganzoo.training import measuring
from short_runs import config, exported, play, rows
from tiny import tiny_plugin

RING = {"data": "ring", "kind": "points"}


def measured(count: int, **options):
    """Options of a run on the ring that measures 100 samples at every 64 images."""
    wish = config(steps=count, **RING)
    run = measuring(wish, RunOptions("", eval_every=64, eval_samples=100))
    return wish, {"eval_every": 64, "measure": run.measure, **options}


def test_the_last_figure_is_what_eval_gives_the_finished_model(tmp_path):
    run = ganzoo.train(
        "vanilla-mnist", data="mnist-mini", images=256, out=tmp_path / "run", quiet=True,
        eval_every=128, eval_samples=100, log_every=10_000,
    )  # fmt: skip
    name = "fd.cnn-mnist.n100"
    assert [(row["images"], name in row) for row in run.metrics] == [(128, True), (256, True)]
    assert run.metrics[0]["generator"] > 0, "a row of all figures, where the measurement was"
    extractor = open_extractor("cnn-mnist")
    method = InFeatures(extractor, shipped_or_made(extractor, run.recipe.data), plugins=False)
    figures = evaluate(ModelSource(run.model), method, n=100, seeds=(0,))
    assert run.metrics[-1][name] == pytest.approx(figures.value("fd"), rel=1e-9)


def test_points_have_their_modes_counted(tiny_world, tmp_path):
    wish, options = measured(8, log_every=10_000)
    play(wish, tmp_path, **options)
    assert [row["images"] for row in rows(tmp_path)] == [64, 128]
    assert {"modes.n100", "high_quality.n100"} <= rows(tmp_path)[0].keys()


@pytest.mark.slow
def test_text_gets_the_figures_of_its_plugin():
    model = ganzoo.load("gumbel-surnames")
    data = model.card.require_config().recipe.data
    figures = on_the_way(data, 64)(model.generator, model.labeller)
    assert 0.5 < figures["js-4.n64"] < 1 and {name.rpartition(".")[2] for name in figures} == {
        "n64"
    }


def test_a_training_has_the_same_bits_measured_or_not_and_resumed(tiny_world, tmp_path):
    whole, options = measured(20, log_every=48)
    play(whole, tmp_path / "measured", **options)
    half = replace(whole, recipe=replace(whole.recipe, images=112))
    play(half, tmp_path / "halves", **options)
    play(whole, tmp_path / "halves", **options)
    play(whole, tmp_path / "plain", log_every=48)
    for other in ("halves", "plain"):
        for who in ("model", "discriminator"):
            ours, theirs = (exported(tmp_path / name, who) for name in ("measured", other))
            assert all(ours[key].equal(theirs[key]) for key in ours)
    assert rows(tmp_path / "measured") == rows(tmp_path / "halves")
    # a multiple of 48 passes in the same steps, measured in between or not
    assert {row["images"] for row in rows(tmp_path / "plain")} < {
        row["images"] for row in rows(tmp_path / "measured")
    }


def test_samples_that_cannot_be_measured_do_not_end_the_training(tiny_world, tmp_path, capsys):
    def refuse(network, labeller):
        raise MetricError("the average: 3 of 100 samples hold NaN or infinity")

    options = {"eval_every": 64, "measure": refuse, "quiet": False}
    assert play(config(steps=8, **RING), tmp_path, **options).kind == "finished"
    said = capsys.readouterr().err
    assert "nothing was measured at 64 images: the average: 3 of 100 samples hold NaN" in said


def test_what_cannot_be_measured_is_refused_before_the_training(world, tmp_path):
    with pytest.raises(UsageError, match="give eval_every too"):
        ganzoo.train("vanilla-mnist", eval_extractor="cnn-mnist", out=tmp_path / "run")
    with pytest.raises(MetricError, match="50 samples are too few for 64 features of cnn-mnist"):
        on_the_way(Part("ganzoo/mnist-mini"), 50)
    world(tiny_plugin())
    refused = "no extractor is made for 'tiny/tiny-ring'; name one with --eval-extractor"
    with pytest.raises(UsageError, match=refused):
        on_the_way(Part("tiny/tiny-ring"), 500)
    assert not (tmp_path / "run").exists()
