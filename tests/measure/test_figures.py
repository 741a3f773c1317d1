"""Figures that plugins offer: one registry, which eval, publish, check and bench read."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

import commands
import ganzoo
import plugin_figures
from bench_protocols import protocol_of
from ganzoo.bench.measures import MEASURES
from ganzoo.bench.measuring import measure_of, measured
from ganzoo.bench.performing import BenchOptions
from ganzoo.bench.runner import run
from ganzoo.cards import catalogue
from ganzoo.data.splits import drawn, splits
from ganzoo.errors import ConfigError, MetricError, UnknownNameError, UsageError
from ganzoo.extractors import extractors_of
from ganzoo.measure.evaluate import evaluate
from ganzoo.measure.figures import BY_KEY, FIGURES, MODES, STACKED
from ganzoo.measure.image_folder import FolderSource
from ganzoo.measure.measurement import Measurement, Measurements, across, median_of
from ganzoo.measure.methods import AsTheyAre, InFeatures, extractor_for
from ganzoo.measure.plugin_figures import (
    all_plugin_figures,
    find_figure,
    plugin_figures_for,
    value_of,
)
from ganzoo.measure.recheck import contradictions, measured_again, unchecked
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import ModelSource, RowSource, SampleSource, TensorSource
from ganzoo.publish.measuring import Effort
from ganzoo.publish.planning import PublishRequest, planned
from ganzoo.publish.publish import publish
from ganzoo.specs import Part, Protocol, read_config
from ganzoo.testing import run_checks
from measuring import (
    SHAPE,
    Given,
    TinyClasses,
    TinyPictures,
    measuring_plugin,
    tiny_reference,
    write_digits,
)
from model_folders import LICENCES
from plugin_figures import figures_plugin as plugin
from short_runs import config as config_of
from short_runs import play
from tiny import TinyRing, tiny_plugin

DOCS = Path(__file__).parents[2] / "docs" / "plugin-parts.md"
SAID = {"description": "A ring.", "licences": LICENCES, "prose": "# tiny\n\nFor tests.\n"}
CLASSES = ("tiny", {"num_classes": 8})
SHAPED = ("tiny", {"sample_shape": SHAPE})
IMAGES = {"generator": SHAPED, "discriminator": SHAPED, "data": "pictures", "kind": "image"}


@pytest.fixture
def ring(world, tmp_path: Path) -> Path:
    """A run of a conditional model of a ring of no extractor, in a world of `RightMode`."""
    world(tiny_plugin(), plugin(right_mode="RightMode"))
    play(config_of(generator=CLASSES, discriminator=CLASSES), tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def pictures(world, tmp_path: Path, monkeypatch, cache) -> Path:
    """A run of pictures whose data set names its extractor and control."""
    world(tiny_plugin(), measuring_plugin(), plugin(sure="Sure", mean_gap="MeanGap"))
    monkeypatch.setattr(TinyPictures, "extractor", "tiny-classes")
    monkeypatch.setattr(TinyPictures, "control", "tiny-linear")
    monkeypatch.setattr("measuring.TinyLinear.value_range", None)  # nothing bounds tiny samples
    play(config_of(**IMAGES), tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def ganzoo_command(capsys, monkeypatch, tmp_path):
    """Run `ganzoo ...`: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)

    def go(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        return commands.ganzoo(*words), *capsys.readouterr()

    return go


def published(what: Path, to: Path, effort: Effort, name: str = "tiny-ring") -> list[str]:
    """Publish, and return what there is to know."""
    return list(
        publish(
            planned(catalogue(), PublishRequest(what, str(to), name=name, **SAID)), effort
        ).notes
    )


def refused(out: str) -> list[str]:
    """The lines that say what was left out."""
    return [line for line in out.splitlines() if "is left out" in line]


# A plugin that was written from the documentation alone


def test_the_documentations_figure_is_the_one_that_is_tried_here():
    code = DOCS.read_text(encoding="utf-8")
    assert (
        Path(plugin_figures.__file__).read_text(encoding="utf-8").count("class RightMode(Figure):")
        == 1
    )
    body = re.search(r"class RightMode.*?\n```", code, re.DOTALL)[0].removesuffix("\n```").rstrip()
    assert body in Path(plugin_figures.__file__).read_text(encoding="utf-8")


def test_it_stands_in_eval(ring, ganzoo_command):
    """The data set has no extractor, and the figure needs none."""
    code, out, _ = ganzoo_command("eval", f"{ring}/", "-n", "200", "--repeats", "2")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].endswith(": beside real samples of tiny-ring; n = 200, sampling seeds 0 to 1")
    name, value, spread, real = re.split(r"\s{2,}", lines[3])
    assert (name, real, spread[:2]) == ("right mode", "1.000", "± ") and 0 < float(value) < 1
    found = json.loads(ganzoo_command("eval", f"{ring}/", "-n", "200", "--json")[1])
    assert found["figures"]["my-gan/right-mode"]["floor"] == 1
    assert len(found["figures"]["my-gan/right-mode"]["values"]) == 1  # of one training seed


def test_it_stands_in_the_card_and_check_measures_it_again(ring, tmp_path, ganzoo_command):
    notes = published(ring, tmp_path / "model", Effort(n=200, repeats=2))
    assert notes == ["samples were measured as they are, as no extractor is made for tiny-ring"]
    config, _ = read_config(tmp_path / "model" / "config.json")
    (metric,) = config.metrics
    assert (metric.name, metric.n, metric.repeats, metric.floor) == ("right mode", 200, 2, 1.0)
    assert metric.spread > 0 and "| right mode | " in (tmp_path / "model/README.md").read_text()
    assert metric.protocol == (
        "points nearest the mode that their label names; beside real samples of tiny-ring; "
        "n = 200, sampling seeds 0 to 1; one training seed"
    )
    (check,) = config.checks
    assert (check.extractor, check.data, check.seed) == ("", "tiny-ring", 0)
    assert check.values.keys() == {"my-gan/right-mode"}
    assert not list(contradictions(config)) and unchecked(config) == []
    assert measured_again(metric, config, ModelSource(tmp_path / "model")) == pytest.approx(
        metric.value
    )
    code, out, _ = ganzoo_command("check", f"{tmp_path}/model/", "--metrics")
    assert (code, "WRONG" in out) == (0, False)
    assert re.search(r"tiny-ring +right mode +ok +0\.\d+, claimed", out)


def test_a_false_claim_of_it_is_found(ring, tmp_path, ganzoo_command):
    published(ring, tmp_path / "model", Effort(n=200, repeats=1))
    file = tmp_path / "model" / "config.json"
    text = json.loads(file.read_text())
    text["checks"][0]["values"]["my-gan/right-mode"] += 0.1
    file.write_text(json.dumps(text))
    code, out, _ = ganzoo_command("check", f"{tmp_path}/model/", "--metrics")
    assert code == 1 and re.search(r"right mode +WRONG", out)


def test_without_its_plugin_the_check_is_skipped_and_said(ring, tmp_path, world, ganzoo_command):
    published(ring, tmp_path / "model", Effort(n=200, repeats=1))
    world(tiny_plugin())
    assert ganzoo.load(tmp_path / "model").sample(2, seed=0).shape == (2, 2)  # which needs none
    code, out, _ = ganzoo_command("check", f"{tmp_path}/model/", "--metrics")
    assert code == 0
    assert re.search(r"my-gan/right-mode +skipped +there is no metric 'my-gan/right-mode'", out)


def test_a_bench_names_it(world, tmp_path):
    world(tiny_plugin(), plugin(right_mode="RightMode"))
    parts = {"generator": {"name": "tiny", "arguments": {"num_classes": 8}}}
    parts["discriminator"] = parts["generator"]
    measure = {"name": "right-mode", "arguments": {"n": 100}}
    table = {"name": "ring", "title": "A ring", "measure": measure, "controls": ["real"]}
    entry = {"name": "gan", "table": "ring"}
    wish = protocol_of(tmp_path, model=parts, tables=[table], entries=[entry], seeds=1)
    report, code = run(wish, BenchOptions(tmp_path / "out", catalogue(), quiet=True))
    assert (code, report.broken) == (0, {})
    page = (tmp_path / "out" / "table.md").read_text()
    assert "| entry | right mode ↑ | seeds |" in page
    assert re.search(r"\| `gan` \| 0\.\d{3} \|", page)
    assert "| `ring-real` control: real samples | – |" in page  # it was asked for no labels


def test_the_kit_checks_it(world):
    found = run_checks(plugin(right_mode="RightMode"), fast=True)
    of_figure = {one.check: one.outcome for one in found if one.subject == "metric/right-mode"}
    assert set(of_figure.values()) == {"ok"} and "check_direction" in of_figure


def test_labels_are_drawn_in_the_datas_shares_or_evenly(ring, ganzoo_command):
    """As `ganzoo sample --balanced` draws them; models without classes are refused."""
    shares, even = ModelSource(ring), ModelSource(ring, balanced=True)
    for source, balanced in ((shares, False), (even, True)):
        labels = source.model.labels(300, seed=2, balanced=balanced)
        assert source.labels(300, seed=2).equal(labels)
        drawn = torch.cat([*source.batches(300, seed=2)])
        assert drawn.equal(source.model.sample(300, seed=2, balanced=balanced, batch=500))
    assert even.drawn_for == "labels drawn evenly"
    code, out, said = ganzoo_command(
        "eval", f"{ring}/", "-n", "200", "--repeats", "1", "--balanced"
    )
    assert code == 0, said
    assert out.splitlines()[0].endswith("n = 200, sampling seed 0, labels drawn evenly")


def test_what_has_no_classes_cannot_be_balanced(world, tmp_path, ganzoo_command):
    world(tiny_plugin())
    play(config_of(), tmp_path / "run")
    code, _, said = ganzoo_command("eval", f"{tmp_path}/run/", "--balanced")
    assert code == 2
    assert "cannot be balanced over classes: it has no classes" in said


# In features of an extractor


def test_a_data_set_names_its_own_extractor_and_control(pictures, ganzoo_command):
    assert extractor_for(Part("pictures")) == "tiny-classes"
    assert extractors_of(Part("small/pictures")) == ("tiny-classes", "tiny-linear")
    code, out, said = ganzoo_command("eval", f"{pictures}/", "-n", "100", "--repeats", "2")
    assert code == 0, said
    assert "FD (tiny-classes)" in out
    assert re.search(r"sureness \(tiny-classes\) +0\.\d\d V +± ", out)
    assert re.search(r"mean gap +0\.\d+ V", out)


def test_a_data_sets_extractor_may_depend_on_its_arguments(world, monkeypatch):
    world(measuring_plugin())
    monkeypatch.setattr(
        TinyPictures, "extractor", property(lambda self: f"tiny-{len(self.images)}"), raising=False
    )
    assert extractor_for(Part("pictures", {"length": 7})) == "tiny-7"


def test_a_data_set_without_an_extractor_says_what_it_said(world, tmp_path, ganzoo_command):
    world(tiny_plugin(), plugin(right_mode="RightMode"))
    play(config_of(), tmp_path / "run")  # no labels: nothing applies
    with pytest.raises(UsageError, match="no extractor is made for 'tiny/tiny-ring'; name one wi"):
        extractor_for(Part("tiny-ring"))


def test_its_figures_and_its_control_stand_in_the_card(pictures, tmp_path, ganzoo_command):
    published(pictures, tmp_path / "model", Effort(n=100, repeats=2), "tiny-pictures")
    config, _ = read_config(tmp_path / "model" / "config.json")
    by_name = {metric.name: metric for metric in config.metrics}
    assert list(by_name)[-3:] == ["mean gap", "sureness (tiny-classes)", "FD (tiny-linear)"]
    gap = by_name["mean gap"]
    assert gap.unit == " V" and gap.floor is not None and gap.spread is not None
    assert config.metrics[0].command.endswith("ganzoo eval runs/tiny-pictures/ -n 100 --repeats 2")
    assert [check.extractor for check in config.checks] == ["tiny-classes", "tiny-linear"]
    assert {"my-gan/sure", "my-gan/mean-gap"} < config.checks[0].values.keys()
    assert not list(contradictions(config)) and unchecked(config) == []
    for name in ("mean gap", "sureness (tiny-classes)"):
        again = measured_again(by_name[name], config, ModelSource(tmp_path / "model"))
        assert again == pytest.approx(by_name[name].value, rel=1e-4)
    code, out, _ = ganzoo_command("check", f"{tmp_path}/model/", "--metrics")
    assert code == 0, out


def measurement(key: str, value: float) -> Measurement:
    return Measurement(BY_KEY[key], (value,))


def test_a_figure_is_no_figure_of_a_card_where_one_training_seed_lacks_it():
    one = {"fd": measurement("fd", 1.0), "kd": measurement("kd", 0.1)}
    rows = [one, {"fd": measurement("fd", 2.0)}]
    assert median_of(rows) == 1
    assert across([row.get("kd") for row in rows]).each == (0.1, None)


# Floors


def test_a_floor_is_the_same_call_on_real_samples(pictures):
    part = Part("small/pictures")
    report = evaluate(
        ModelSource(pictures), InFeatures(TinyClasses(), tiny_reference(TinyClasses())), n=60
    )
    train, test = splits(part)
    real, _ = train.batch(drawn(train, 60))  # it looks at test samples: training ones are others
    gap = float((real.mean() - test.batch(torch.arange(len(test)))[0].mean()).abs())
    assert report.figures["my-gan/mean-gap"].floor == pytest.approx(gap, rel=1e-5)
    with torch.no_grad():
        sure = TinyClasses().logits(test.batch(drawn(test, 60))[0]).softmax(1).amax(1).mean()
    assert report.figures["my-gan/sure"].floor == pytest.approx(float(sure), rel=1e-5)


def test_a_figure_that_needs_the_model_has_no_floor(world, ring):
    world(tiny_plugin(), plugin(one_style="OneStyle"))
    row, notes = as_they_are(ModelSource(ring), "tiny-ring", 64, (0, 1))
    figure = row["my-gan/one-style"]
    assert (len(figure.values), figure.floor, notes) == (2, None, ())
    assert figure.value > 0


# What it looks at


def as_they_are(
    source: SampleSource, data: str, n: int, seeds: tuple[int, ...] = (0,)
) -> tuple[Measurements, tuple[str, ...]]:
    """The figures of a source without an extractor, and the notes on what is left out."""
    found = evaluate(source, AsTheyAre(Part(data)), n=n, seeds=seeds)
    return found.figures, found.notes


def sampled(samples: Tensor) -> SampleSet:
    return SampleSet(TensorSource(samples), len(samples), 3)


def test_a_figure_is_given_what_it_names_and_there_is(world):
    world(tiny_plugin())
    data = TinyRing(64)
    rows = SampleSet(RowSource(data, torch.arange(40), "rows"), 40, 0, real=data)
    drawn = rows.input_for(frozenset({"labels", "real"}))
    assert drawn.samples.equal(data.points[:40]) and drawn.labels.equal(data.labels[:40])
    assert torch.cat([*drawn.batches()]).equal(drawn.samples) and drawn.real is data
    assert rows.lacks(frozenset({"labels", "real"})) == []
    assert rows.lacks(frozenset({"model", "logits"})) == ["logits", "model"]
    with pytest.raises(MetricError, match=r"reads drawn.labels, which its needs don't name; add"):
        _ = rows.input_for(frozenset({"real"})).labels
    with pytest.raises(MetricError, match="samples comes without the labels that its samples"):
        _ = sampled(torch.zeros(3, 2)).input_for(frozenset({"labels"})).labels
    with pytest.raises(MetricError, match="no extractor was given"):
        _ = sampled(torch.zeros(3, 2)).input_for(frozenset({"features"})).features


def test_labels_are_those_that_the_samples_were_drawn_with(ring):
    source = ModelSource(ring)
    made = SampleSet(source, 70, 5)
    asked = source.model.sample(70, seed=5, labels=made.labels.tolist(), batch=500)
    assert asked.equal(made.samples)


def test_what_there_is_none_of_is_said(pictures, tmp_path, world):
    """A folder's images were asked for no labels."""
    world(measuring_plugin(), plugin(right_letter="OneStyle", mean="Anything"))
    with torch.no_grad():
        images = TinyPictures(120, seed=9).images
    folder = write_digits(tmp_path / "images", images)
    extractor, reference = TinyClasses(), tiny_reference(TinyClasses())
    source = FolderSource(folder, extractor, Part("small/pictures"))
    report = evaluate(source, InFeatures(extractor, reference), n=100)
    assert "my-gan/mean" in report.figures and "my-gan/right-letter" not in report.figures
    (note,) = [note for note in report.notes if "left out: it" in note]
    assert note == (
        "metric my-gan/right-letter is left out: it needs the model itself, and there is none here"
    )


def test_samples_are_held_against_their_targets(world):
    """Real samples answer no condition, so there is no floor."""
    world(tiny_plugin(), plugin(likeness="Likeness"))

    class Painted(Given):
        def targets(self, n: int, seed: int) -> Tensor:
            return torch.cat([*self.batches(n, seed)]) + 0.02

    source = Painted(seed_0=torch.zeros(60, 2))
    row, notes = as_they_are(source, "tiny-ring", 60)
    assert row["my-gan/likeness"].value == pytest.approx(40.0, abs=1e-3)
    assert (row["my-gan/likeness"].floor, notes) == (None, ())
    plain, notes = as_they_are(Given(seed_0=torch.zeros(9, 2)), "ring", 9)
    assert "my-gan/likeness" not in plain
    assert "it needs real samples that answer its conditions" in notes[0]


def test_statistics_of_a_data_set_that_nobody_offers_are_measured_against(pictures, world):
    """`--reference` brings everything that the core's figures need."""
    reference = tiny_reference(TinyClasses())
    world(tiny_plugin(), plugin(sure="Sure"))
    source = Given(seed_0=TinyPictures(100, seed=5).images)
    report = evaluate(source, InFeatures(TinyClasses(), reference), n=100, seeds=(0,))
    assert "fd" in report.figures
    assert report.notes[-1].startswith(
        "plugins' figures are left out (my-gan/sure): there is no dataset 'small/pictures'"
    )


def test_figures_need_the_data_set_itself(pictures, monkeypatch):
    reference = tiny_reference(TinyClasses())
    monkeypatch.setattr(TinyPictures, "is_here", classmethod(lambda cls: False))
    source = Given(seed_0=TinyPictures(100, seed=5).images)
    report = evaluate(source, InFeatures(TinyClasses(), reference), n=100, seeds=(0,))
    assert not any("/" in key for key in report.figures) and "fd" in report.figures
    assert report.notes[-1] == (
        "plugins' figures are left out (my-gan/mean-gap, my-gan/sure): small/pictures is not on "
        "this machine, and they need it"
    )


def test_figures_of_other_data_are_not_said_to_be_left_out(world, monkeypatch):
    world(measuring_plugin(), plugin(points="OfPoints"))
    monkeypatch.setattr(TinyPictures, "is_here", classmethod(lambda cls: False))
    assert plugin_figures_for(Part("small/pictures")).notes == ()


# One that gives no number


WRONG = [
    (None, r"measure returned None \(is a return missing\?\), and a figure is one finite number"),
    (math.nan, "measure returned nan, and a figure is finite"),
    ("0.5", "measure returned '0.5', and a figure is one finite number"),
    (True, "measure returned True, and a figure is one finite number"),
    (torch.zeros(3), r"measure returned a tensor \[3\], and a figure is one finite number"),
    (ValueError("no luck"), "measure fails: ValueError: no luck"),
]


@pytest.mark.parametrize(("returned", "said"), WRONG, ids=lambda it: str(it)[:20])
def test_one_that_gives_no_number_is_left_out_and_the_others_go_on(
    world, ring, monkeypatch, ganzoo_command, returned, said
):
    monkeypatch.setattr(plugin_figures.Broken, "returned", returned)
    world(tiny_plugin(), plugin(broken="Broken", right_mode="RightMode"))
    code, out, _ = ganzoo_command("eval", f"{ring}/", "-n", "50")
    assert code == 0 and re.search(r"^right mode ", out, re.MULTILINE)
    (line,) = refused(out)
    assert re.fullmatch(f"metric my-gan/broken is left out: {said}", line)


def test_publishing_says_it_too(world, ring, tmp_path):
    world(tiny_plugin(), plugin(broken="Broken", nameless="Nameless", right_mode="RightMode"))
    _, *notes = published(ring, tmp_path / "model", Effort(n=50, repeats=2))
    assert sorted(notes) == [
        "metric my-gan/broken is left out: measure returned None (is a return missing?), and a "
        "figure is one finite number",
        "metric my-gan/nameless is left out: direction is 'up'; it is one of 'lower', 'higher', "
        "'nearest'",
    ]
    metrics = read_config(tmp_path / "model" / "config.json")[0].metrics
    assert [metric.name for metric in metrics] == ["right mode"]


@pytest.mark.parametrize(
    ("measure", "error", "said"),
    [
        ({"name": "broken"}, MetricError, "metric my-gan/broken: measure returned None"),
        ({"name": "nameless"}, MetricError, "metric my-gan/nameless: direction is 'up'"),
        ({"name": "right-mode"}, MetricError, "my-gan/right-mode is not made for ganzoo/grid"),
        ({"name": "sure"}, MetricError, "my-gan/sure needs an extractor, and ganzoo/grid names"),
        ({"name": "my-gan/wrong"}, UnknownNameError, "no metric 'my-gan/wrong'"),
        ({"name": "brokn"}, UnknownNameError, "no measure 'brokn'; did you mean 'broken'"),
        (
            {"name": "sure", "arguments": {"powr": 2}},
            ConfigError,
            "measure sure takes no argument 'powr'; did you mean 'power'",
        ),
    ],
)
def test_a_bench_refuses_before_anything_is_trained(
    world, tmp_path, monkeypatch, measure, error, said
):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("something was trained")

    names = {"broken": "Broken", "nameless": "Nameless", "right_mode": "RightMode", "sure": "Sure"}
    world(tiny_plugin(), plugin(**names))
    monkeypatch.setattr("ganzoo.bench.performing.train", never)
    with pytest.raises(error, match=said):
        run(bench_of(tmp_path, measure), BenchOptions(tmp_path / "out", catalogue(), quiet=True))


def bench_of(folder: Path, measure: dict[str, object]) -> Protocol:
    """The least protocol on the grid, with another measure."""
    data = {"recipe": {"data": {"name": "grid", "arguments": {"length": 500}}}}
    table = {"name": "ring", "title": "A grid", "measure": measure}
    return protocol_of(
        folder, model=data, tables=[table], entries=[{"name": "gan", "table": "ring"}]
    )


def test_a_bench_gives_a_figure_its_arguments_its_extractor_and_the_model(pictures, world):
    world(tiny_plugin(), measuring_plugin(), plugin(sure="Sure", one_style="OneStyle"))
    data, samples = Part("small/pictures"), TinyPictures(80, seed=4).images
    plain = measured(measure_of(Part("sure")), samples, data, "cpu")
    squared = measured(measure_of(Part("sure", {"power": 2.0})), samples, data, "cpu")
    assert measure_of(Part("sure")).columns[0].header == "sureness (V)"
    assert plain.keys() == {"sure"} and squared["sure"] < plain["sure"] < 1
    measure_of(Part("my-gan/sure", {"extractor": "tiny-classes"})).check()
    assert (measure_of(Part("sure")).n, measure_of(Part("sure", {"n": 9})).n) == (10_000, 9)
    assert measured(measure_of(Part("one-style")), samples, data, "cpu") == {
        "one-style": None
    }  # a control's
    model = ganzoo.load(pictures)
    with pytest.raises(MetricError, match="my-gan/one-style: .* is not conditional"):
        measured(measure_of(Part("one-style")), samples, data, "cpu", model=model)


# The registry


def test_every_figure_says_what_it_is():
    keys = [figure.key for figure in (*FIGURES, *MODES, *STACKED)]
    assert len(keys) == len({*keys}) == len(BY_KEY)
    for figure in BY_KEY.values():
        assert figure.title and figure.what and figure.direction in ("lower", "higher", "nearest")


def test_a_benchs_columns_are_the_registrys():
    for name, measure in MEASURES.items():
        for column in measure().columns:
            own = name == "classification"  # what samples teach is no figure of the samples
            assert column.better == ("↑" if own else find_figure(column.key).arrow)


def test_worse_is_what_the_direction_says():
    lower, higher = BY_KEY["fd"], BY_KEY["high_quality"]
    assert lower.badness(2.0) > lower.badness(1.0)
    assert higher.badness(0.1) > higher.badness(0.9)
    ratio, share = BY_KEY["spread_ratio"], BY_KEY["coverage"]
    assert ratio.badness(1.4) == pytest.approx(ratio.badness(0.6)) and ratio.arrow == "→ 1"
    assert share.badness(0.5, floor=0.6) > share.badness(0.65, floor=0.6)
    assert share.arrow == "→ real"


def test_a_figure_that_cannot_be_built_is_left_out(world):
    world(plugin(lost="Lost", mean="Anything"))
    figures, (note,) = all_plugin_figures()
    assert [figure.key for figure in figures] == ["my-gan/mean"]
    assert note.startswith(
        "metric my-gan/lost is left out: the plugin's target 'plugin_figures:Lost'"
    )
    with pytest.raises(UnknownNameError, match="no metric 'my-gan/meen'"):
        find_figure("my-gan/meen")


def test_nothing_is_built_where_no_plugin_offers_a_figure(tiny_world, monkeypatch):
    monkeypatch.setattr(TinyRing, "__init__", lambda self: pytest.fail("built"))
    assert plugin_figures_for(Part("tiny-ring")).figures == ()
    with pytest.raises(MetricError, match="fd is the core's"):
        value_of(find_figure("fd"), sampled(torch.zeros(2, 2)))
