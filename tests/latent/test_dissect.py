"""`ganzoo dissect`, and what a judge says: which units and directions cause what."""

from __future__ import annotations

import csv
import json
import re

import pytest
import torch
from torch.testing import assert_close

import commands
import ganzoo
from blobs import blobs_plugin, write_blobs
from ganzoo.errors import UsageError
from ganzoo.extractors import open_extractor
from ganzoo.latent import Directions, directions, dissect, measure
from ganzoo.latent.deciding import _varied
from ganzoo.latent.effects import effect_on
from ganzoo.latent.judging import Answers, Question, judge_of
from ganzoo.latent.units import layer_of, layers_of, without


@pytest.fixture
def blobs(world, tmp_path):
    """A model whose unit 0 causes `left` and whose unit 1 causes `right`."""
    world(blobs_plugin())
    return ganzoo.load(write_blobs(tmp_path / "blobs"))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `ganzoo dissect ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (commands.ganzoo("dissect", *words), *capsys.readouterr())


def test_the_unit_that_causes_a_property_is_found(blobs):
    found = dissect(blobs, of=("left", "right"))
    assert found.layer.name == "paint" and found.properties == ("left", "right")
    for place, cause in enumerate(found.causes):
        assert cause.units[0] == place and cause.best == 1
        assert cause.effect.lost == 1.0 and cause.effect.others == 0.0
        assert cause.effect.has == 0.0 < cause.effect.had
    assert found.effects[0, 0] > 0.3 and found.effects[3].abs().max() == 0
    before, after = found.draw(blobs, found.causes[0])
    assert (before[..., :8] > -0.99).any() and (after[..., :8] < -0.98).all()
    assert torch.equal(before[..., 8:], after[..., 8:])


def test_a_single_effect_is_the_drop_of_the_mean_probability(blobs):
    found, judge = dissect(blobs, n=32), open_extractor("blob-judge")
    latents = blobs.latents(32, seed=0)
    off = latents.clone()
    off[:, 0] = 0
    means = [
        judge.outputs(blobs.sample(latents=each, seed=0))["attribute:left"].softmax(1)[:, 1].mean()
        for each in (latents, off)
    ]
    assert_close(found.effects[0, found.properties.index("left")], means[0] - means[1])


def test_units_can_be_set_to_their_means(blobs):
    found = dissect(blobs, removal="mean")
    assert found.values[0] > 0.1
    assert_close(found.values[2], torch.tensor(0.01))
    assert all(cause.effect.lost == 0 for cause in found.causes), "the mean is bright"


def test_a_layer_answers_as_it_did_after_the_block(blobs):
    before = blobs.sample(4, seed=0)
    with without(blobs, layer_of(blobs), torch.tensor([0, 1]), torch.zeros(2)):
        assert (blobs.sample(4, seed=0) < -0.98).all()
    assert torch.equal(blobs.sample(4, seed=0), before)


def test_layers_of_the_zoo_have_maps_of_a_quarter():
    model = ganzoo.load("dcgan-mnist")
    assert str(layer_of(model)) == "grow.2 (96 of 7x7)"
    assert "project.3" in {layer.name for layer in layers_of(model)}
    with pytest.raises(UsageError, match=r"no layer 'grow\.22' with feature maps; did you mean"):
        layer_of(model, "grow.22")


def test_what_cannot_be_dissected_says_what_it_lacks(world, tmp_path):
    with pytest.raises(UsageError, match="vanilla-mnist has no layer with feature maps"):
        dissect(ganzoo.load("vanilla-mnist"))
    world(blobs_plugin())
    silent = ganzoo.load(write_blobs(tmp_path / "silent", data="tiny/silent"))
    with pytest.raises(UsageError, match="names no extractor, so nothing can judge samples"):
        dissect(silent)


def test_directions_move_what_they_are_named_after_and_nothing_else(blobs):
    found = directions(blobs, by="attribute")
    assert found.names == ("left", "right")
    for one in measure(blobs, found, n=64, reach=2.0):
        assert one.property == one.direction
        assert one.up.gained > 0.9 and one.down.lost > 0.9
        assert one.up.change > 0.3 and one.up.others < 0.1
        assert one.up.most_moved != one.property


def test_each_attribute_has_a_direction_before_one_has_two():
    groups = {"a-1": ("a", None), "a-2": ("a", None), "b": ("b", None), "a-3": ("a", None)}
    assert _varied([*groups], groups) == ["a-1", "b", "a-2", "a-3"]


def test_a_direction_without_a_name_is_judged_by_what_it_moves_most(blobs):
    sha256 = blobs.card.require_config().files["model.safetensors"].sha256
    found = Directions(("a", "b"), torch.eye(2), torch.ones(2), False, "pca", sha256)
    assert {one.property for one in measure(blobs, found, n=32)} == {"left", "right"}


def test_effects_are_shares_of_those_that_could_change():
    yes = torch.tensor([False, True])
    before = Answers({"a": _sure([0, 0, 0, 1]), "b": _sure([0, 0, 1, 1])})
    after = Answers({"a": _sure([1, 0, 0, 1]), "b": _sure([0, 1, 1, 1])})
    effect = effect_on(Question("a", "a", yes), before, after)
    assert (effect.had, effect.has, effect.lost) == (0.25, 0.5, 0.0)
    assert effect.gained == pytest.approx(1 / 3) and effect.change == pytest.approx(0.25)
    assert (effect.others, effect.most_moved, effect.most) == (0.25, "b", 0.25)


def _sure(values):
    return torch.nn.functional.one_hot(torch.tensor(values), 2).float()


def test_questions_ask_for_presence_and_values():
    judge = judge_of(ganzoo.load("dcgan-letters"))
    scores = {"glasses": torch.rand(2, 3), "hair": torch.rand(2, 2), "letter": torch.rand(2, 26)}
    judge.names.update(glasses=("none", "", "round"), hair=("long", "short"))
    names = [question.name for question in judge.questions(Answers(scores))]
    assert names[:4] == ["glasses", "glasses-round", "hair-long", "hair-short"]
    assert names[4] == "letter-A"


def test_a_page_and_tables_are_written_and_repeat(run, tmp_path, world):
    world(blobs_plugin())
    write_blobs(tmp_path / "blobs")
    for name in ("a", "b"):
        code, output, error = run("./blobs", "-o", name)
        assert (code, error) == (0, "") and "left" in output and "100%" in output
    for file in ("index.html", "dissection.json", "effects.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    page = (tmp_path / "a" / "index.html").read_text()
    assert page.count("<img ") == 2 * 2 * 8 and not re.search(r"(src|href)=\"(?!data:)", page)
    causes = json.loads((tmp_path / "a" / "dissection.json").read_text())["causes"]
    assert {(one["property"], one["units"][0]) for one in causes} == {("left", 0), ("right", 1)}
    with (tmp_path / "a" / "effects.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 4 and float(rows[0]["left"]) > 0.3
    assert run("./blobs", "-o", "b") == (0, output, ""), "an older page is replaced"
    code, _, error = run("./blobs", "-o", "blobs")
    assert code == 2 and "blobs exists and contains other things" in error
    code, _, error = run("./blobs", "--of", "lift")
    assert code == 2 and "nobody can judge 'lift'; did you mean 'left'" in error


def test_directions_are_measured_on_request(tmp_path, monkeypatch, capsys, world):
    monkeypatch.chdir(tmp_path)
    world(blobs_plugin())
    write_blobs(tmp_path / "blobs")
    words = ("directions", "./blobs", "--by", "attribute", "--measure", "--reach", "2")
    assert commands.ganzoo(*words) == 0
    assert "OTHERS CHANGE" in capsys.readouterr().out
    table = json.loads((tmp_path / "directions.json").read_text())
    assert table["reach"] == 2 and table["directions"][0]["up"]["gained"] > 0.9
