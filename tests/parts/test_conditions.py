"""Conditions that are no classes, and labels in the data's shares, at every stage of a model."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo import conditions, datasets, sampling
from ganzoo.build import build, is_here
from ganzoo.cards import catalogue
from ganzoo.condition_pictures import pictures_at, pictures_given
from ganzoo.conditions import CALIBRATION, OWN, conditions_of, drawn_conditions
from ganzoo.data.mnist import MNISTMini
from ganzoo.engine.labels import labeller_of
from ganzoo.engine.prepare import prepare
from ganzoo.errors import (
    CardError,
    ConfigError,
    DataError,
    GanzooError,
    UsageError,
    WeightsError,
)
from ganzoo.hub.contents import files_of
from ganzoo.interfaces import Dataset
from ganzoo.measure.sources import ModelSource
from ganzoo.publish.measuring import Effort
from ganzoo.publish.planning import PublishRequest, planned
from ganzoo.publish.publish import publish
from ganzoo.sampling import BLOCK, Labeller, drawn_labels
from ganzoo.specs import CONDITIONS_FILE, FileRecord, ModelConfig, Part, read_config
from ganzoo.testing import run_checks
from ganzoo.writers.images import columns_for
from ganzoo.writers.panels import panels
from model_folders import LICENCES
from short_runs import config, exported, play
from translation_game import HALF, SIDE, Judge, Sealed, Skewed, Steps, translating_plugin

CPU = torch.device("cpu")
SHAPE = (1, SIDE, HALF)


@pytest.fixture(autouse=True)
def translating_world(world):
    """Every test lives in a world of the core and the translating parts."""
    return world(translating_plugin(), strict=True)


def game(data: str = "steps", **more) -> ModelConfig:
    """A few steps of the translating game."""
    parts = {"generator": "translator", "discriminator": "judge", "kind": "image", **more}
    return config(data=data, **{"steps": 4, **parts})


@pytest.fixture
def run(tmp_path) -> Path:
    """A finished run of it."""
    play(game(), tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def model(run) -> ganzoo.Model:
    return ganzoo.load(run)


# --- What does not fit is said before anything is trained ----------------------------------------

JUDGE = ("judge", {"condition_shape": None})


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"discriminator": JUDGE},
            r"conditions differ in shape: the data set has \[1, 8, 4\], the generator has "
            r"\[1, 8, 4\], the discriminator has none; take parts whose `condition_shape` agrees",
        ),
        (
            {"generator": ("translator", {"condition_shape": [1, 8, 5]})},
            r"the generator has \[1, 8, 5\]",
        ),
        ({"data": "skewed", "sample": True}, None),
        ({"data": "undeclared"}, r"the data set has none"),
        (
            {"data": "undeclared", "discriminator": JUDGE,
             "generator": ("tiny", {"sample_shape": [1, 8, 8]})},
            r"gives floating labels \[2, 1, 8, 4\] and declares no conditions; set "
            r"condition_shape = \(1, 8, 4\)",
        ),
        ({"data": "absent"}, r"promises|gives no conditions \(None\); give each sample"),
        ({"data": "whole"}, r"the conditions \[2, 1, 8, 8\] uint8, and condition_shape"),
        ({"data": "both"}, "the data set has 2 classes and conditions of shape"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(tmp_path, parts, said):
    if parts.pop("sample", False):
        return
    with pytest.raises(ConfigError, match=said) as refused:
        play(game(**parts), tmp_path / "run")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "run" / "config.json").exists()


def test_players_that_take_no_conditions_play_on_data_that_has_them(tmp_path):
    plain = {"generator": ("tiny", {"sample_shape": [1, 8, 8]}), "discriminator": JUDGE}
    play(game(**plain), tmp_path)
    assert not (tmp_path / "export" / CONDITIONS_FILE).exists()
    assert ganzoo.load(tmp_path).conditions is None
    with pytest.raises(UsageError, match="takes no conditions"):
        ganzoo.load(tmp_path).sample(2, conditions=torch.zeros(SHAPE))


# --- A model of conditions, from its training to somebody else's machine --------------------------


def test_an_export_holds_conditions_of_the_test_samples(run):
    done, _ = read_config(run / "export" / "config.json")
    assert CONDITIONS_FILE in done.files
    assert CONDITIONS_FILE in files_of(run / "export", done)
    own = ganzoo.load(run).conditions
    assert own.shape == (OWN, *SHAPE)
    test = {tuple(row.flatten().tolist()) for row in Steps("test").batch(torch.arange(96))[1]}
    assert {tuple(row.flatten().tolist()) for row in own} <= test


def test_data_that_may_not_be_given_away_names_other_conditions():
    data = Sealed("test")
    found = conditions_of(Part("steps"), data)
    assert found.own.shape[0] != 3  # those of the part's own test samples
    own, targets = conditions.own_of(data)
    assert torch.equal(own, data.kept_conditions()) and targets is None


def test_no_conditions_to_carry_along_is_an_error(monkeypatch):
    monkeypatch.setattr(Sealed, "kept", 0)
    with pytest.raises(DataError, match=r"Sealed.kept_conditions\(\): there are none"):
        conditions.own_of(Sealed())


def test_equal_runs_have_equal_conditions(run, tmp_path):
    play(game(), tmp_path / "again")
    one, two = ((f / "export" / CONDITIONS_FILE).read_bytes() for f in (run, tmp_path / "again"))
    assert one == two


def test_a_published_model_needs_no_data(run, monkeypatch):
    """Its fingerprint is known again and it samples where the data set is not at hand."""
    expected = ganzoo.load(run / "export").sample(70, seed=3)

    def absent(self, **arguments):
        raise DataError("its files are elsewhere")

    monkeypatch.setattr(Steps, "__init__", absent)
    with pytest.raises(DataError, match="elsewhere"):
        datasets.load("steps")
    assert torch.equal(ganzoo.load(run / "export").sample(70, seed=3), expected)
    card = run / "export" / "config.json"
    said = {"description": "Steps.", "licenses": LICENCES}
    card.write_text(json.dumps({**json.loads(card.read_text()), **said}))
    made = run_checks(run / "export")
    found = {one.check: (one.outcome, one.said) for one in made}
    assert found["check_fingerprint"][0] == "ok", found
    assert found["check_files"][0] == "ok", found


def test_the_fingerprint_is_of_the_models_own_samples(model):
    print_, drawn = model.card.config.fingerprint, model.sample(64, seed=0)
    assert print_.mean == pytest.approx(float(drawn.mean()), abs=1e-5)
    assert print_.std == pytest.approx(float(drawn.std()), abs=1e-5)


def test_sample_i_has_condition_i_in_a_circle(model):
    own, drawn = model.conditions, model.sample(150, seed=1)
    latents = model.latents(150, seed=1)
    assert_close(drawn, model.generator(latents, own[torch.arange(150) % 64]), atol=1e-5, rtol=0)
    assert_close(model.sample(7, seed=1), drawn[:7], atol=1e-5, rtol=0)
    assert_close(model.sample(150, seed=1, batch=11), drawn, atol=1e-5, rtol=0)


def test_conditions_of_ones_own_serve_in_a_circle(model):
    given = torch.rand(3, *SHAPE)
    drawn = model.sample(8, seed=1, conditions=given)
    told = given[[0, 1, 2, 0, 1, 2, 0, 1]]
    assert_close(drawn, model.generator(model.latents(8, seed=1), told), atol=1e-5, rtol=0)
    alone = model.sample(8, seed=1, conditions=given[0])
    assert_close(alone[0], drawn[0], atol=1e-5, rtol=0)
    pieces = torch.cat([*model.batches(8, seed=1, conditions=given, batch=3)])
    assert_close(pieces, drawn, atol=1e-5, rtol=0)
    assert_close(model.sample(3, seed=1, conditions=given.double()), drawn[:3], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"conditions": torch.zeros(2, 1, 8, 5)}, r"\[M, 1, 8, 4\], found \[2, 1, 8, 5\]"),
        ({"conditions": torch.zeros(2, *SHAPE).byte()}, "a floating tensor .* found torch.uint8"),
        ({"conditions": [1.0]}, "found a list"),
        ({"conditions": torch.zeros(0, *SHAPE)}, r"found \[0, 1, 8, 4\]"),
        ({"conditions": torch.zeros(5, *SHAPE)}, "5 conditions for 4 samples: .* set n=5"),
        ({"conditions": torch.full(SHAPE, torch.nan)}, "NaN or infinity"),
        ({"labels": 1}, "takes conditions of shape .* and no labels"),
        ({"balanced": True}, "cannot be balanced over classes: it has no classes"),
    ],
)
def test_wrong_conditions_are_refused(model, given, said):
    with pytest.raises(UsageError, match=said):
        model.sample(4, seed=0, **given)


def test_players_called_without_conditions_say_what_they_lack(model, monkeypatch):
    with pytest.raises(UsageError, match=r"call it with \(latents, conditions\), floats \[n, 1, 8"):
        model.generator(model.latents(2, seed=0))
    picture = model.sample(2, seed=0)
    assert len(model.discriminator(picture)) == 2  # which looks at the picture's own half then
    monkeypatch.setattr(Judge, "forward", lambda self, samples, labels=None: samples + labels)
    with pytest.raises(UsageError, match=r"fails without conditions; call it with \(samples, cond"):
        model.discriminator(picture)


def test_an_unfinished_run_is_loaded_with_the_conditions_that_settle_it(run):
    finished = ganzoo.load(run)
    own = finished.conditions
    (run / "export").rename(run.parent / "elsewhere")
    model = ganzoo.load(run)
    assert model.card.status == "running"
    assert torch.equal(model.conditions, own)
    for name, tensor in finished.generator.state_dict().items():
        assert_close(model.generator.state_dict()[name], tensor, msg=name)
    assert_close(model.sample(70, seed=0), finished.sample(70, seed=0))
    (run / CONDITIONS_FILE).unlink()
    with pytest.raises(CardError, match=r"has no conditions\.safetensors.* when it continues"):
        ganzoo.load(run)


def test_a_run_that_goes_on_ends_like_one_that_was_not_stopped(run, tmp_path):
    play(game(steps=2), tmp_path / "two")
    play(game(steps=4), tmp_path / "two")
    whole, apart = exported(run), exported(tmp_path / "two")
    assert all(torch.equal(whole[name], apart[name]) for name in whole)


def test_a_model_without_conditions_of_its_own_asks_for_some(run):
    card = run / "export" / "config.json"
    data = json.loads(card.read_text())
    del data["files"][CONDITIONS_FILE]
    card.write_text(json.dumps(data))
    model = ganzoo.load(run)
    with pytest.raises(UsageError, match=r"has no conditions of its own"):
        model.sample(2, seed=0)
    assert model.sample(2, seed=0, conditions=torch.zeros(SHAPE)).shape == (2, 1, 8, 8)


def test_altered_conditions_are_refused(run):
    file = run / "export" / CONDITIONS_FILE
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match=r"conditions\.safetensors: sha256"):
        ganzoo.load(run).sample(2, seed=0)


def test_conditions_of_another_shape_are_refused(tmp_path):
    file = tmp_path / CONDITIONS_FILE
    known = conditions.Conditions(torch.zeros(3, 2), torch.zeros(3, 2))
    record = conditions.save_conditions(file, known)
    assert isinstance(record, FileRecord)
    with pytest.raises(WeightsError, match=r"\[M, 1, 8, 4\] are expected, found \[3, 2\]"):
        conditions.read_conditions(file, SHAPE, record)


def test_conditions_travel_with_the_model(hub, run, tmp_path):
    """Published into a folder, sent to the Hub, used from there."""
    prose = "# pix2pix-steps\n\nFor tests alone. It fails whenever it can.\n"
    said = {"description": "Steps.", "licences": LICENCES, "prose": prose}
    plan = planned(
        catalogue(),
        PublishRequest(run, str(tmp_path / "pix2pix-steps"), name="pix2pix-steps", **said),
    )
    done = publish(plan, Effort(measure=False))
    assert CONDITIONS_FILE in done.files
    hub.repo("lab/steps").publish(tmp_path / "pix2pix-steps")
    here, there = ganzoo.load(tmp_path / "pix2pix-steps"), ganzoo.load("hf-hub:lab/steps")
    (there.card.folder / CONDITIONS_FILE).resolve(strict=True)  # fetched with the weights
    assert torch.equal(there.sample(9, seed=1), here.sample(9, seed=1))


# --- Drawn for grids, batch statistics and figures ------------------------------------------------


def test_batch_statistics_are_taken_under_training_conditions():
    found = conditions_of(Part("steps"), Steps())
    assert found.calibration.shape == (96, *SHAPE)  # all that there are
    batches = list(
        sampling.calibration_batches(
            build(ganzoo.Generator, Part("translator")), 0, CPU, Labeller(conditions=found)
        )
    )
    train = Steps().batch(torch.arange(96))[1]
    told = torch.cat([labels for _, labels in batches])
    assert told.shape == (CALIBRATION, *SHAPE)
    assert_close(told[:96].flatten(1).sort(0).values, train.flatten(1).sort(0).values)
    assert torch.equal(told[96:192], told[:96])


def test_of_large_conditions_a_run_keeps_fewer(monkeypatch):
    monkeypatch.setattr(conditions, "CALIBRATION_BYTES", 80 * 4 * SIDE * HALF)
    assert len(conditions_of(Part("steps"), Steps()).calibration) == 80


def test_a_composite_says_what_it_is_calibrated_on():
    composite = build(ganzoo.Generator, Part("composite"))
    labeller = Labeller(conditions=conditions_of(Part("steps"), Steps()))
    drawn, _ = next(sampling.calibration_batches(composite, 0, CPU, labeller))
    plain = build(ganzoo.Generator, Part("translator"))
    assert_close(drawn, next(sampling.calibration_batches(plain, 0, CPU, labeller))[0] + 100)


@pytest.mark.parametrize("paired", [True, False])
def test_grids_show_condition_sample_and_target(tmp_path, paired):
    play(game(("steps", {"paired": paired})), tmp_path, grid_every=64)
    width = HALF + 1 + SIDE + (1 + SIDE if paired else 0)
    columns = columns_for(64, SIDE, width)
    rows = math.ceil(64 / columns)
    for grid in (tmp_path / "export" / "samples.png", *(tmp_path / "samples").glob("*.png")):
        with Image.open(grid) as image:
            assert image.size == (columns * (width + 2) + 2, rows * (SIDE + 2) + 2)


def test_panels_are_fitted_to_the_samples():
    low = torch.tensor([[[[-1.0, 1.0]]]])  # [1, 1, 1, 2]
    samples = torch.zeros(1, 3, 4, 4)
    shown = panels(low, samples, samples + 1)
    assert shown.shape == (1, 3, 4, 8 + 1 + 4 + 1 + 4)
    assert shown[0, :, 0, :8].tolist() == [[-1.0] * 4 + [1.0] * 4] * 3
    clear = torch.full((1, 4, 4, 4), -1.0)  # nothing to see
    shown = panels(low, clear)
    assert shown.shape == (1, 4, 4, 8 + 1 + 4)
    assert shown[0, 3, 0].tolist() == [1.0] * 9 + [-1.0] * 4
    assert panels(torch.zeros(1, 7), samples) is samples
    assert panels(torch.zeros(1, 9, 4, 4), samples) is samples


def test_pictures_that_fit_a_whole_number_of_times_keep_their_pixels(tmp_path):
    """Pixel art, coarse pictures and samples of smaller models; others are resized smoothly."""
    small = torch.randint(0, 256, (4, 6, 3), generator=torch.Generator().manual_seed(0))
    Image.fromarray(small.byte().numpy()).save(tmp_path / "art.png")
    whole = pictures_at(tmp_path / "art.png", (3, 12, 18))[0]
    known = small.permute(2, 0, 1).div(127.5).sub(1)
    assert_close(whole, known.repeat_interleave(3, 1).repeat_interleave(3, 2))
    clear = pictures_at(tmp_path / "art.png", (4, 8, 12))[0]
    assert_close(clear[:3, ::2, 1::2], known)
    assert clear[3].unique().tolist() == [1]
    for sides in ((10, 15), (12, 12), (8, 18)):
        resized = pictures_at(tmp_path / "art.png", (3, *sides))[0]
        assert (resized[:, 1:] != resized[:, :-1]).any(2).all(), sides


def test_figures_draw_test_conditions_by_the_seed(run):
    source = ModelSource(run)
    assert source.drawn_for == "conditions of the test samples of steps"
    one = torch.cat([*source.batches(200, seed=1)])
    told = drawn_conditions(Steps("test"), 200, seed=1)[:]
    latents = source.model.latents(200, seed=1)
    assert_close(one, source.model.generator(latents, told), atol=1e-5, rtol=0)
    assert not torch.equal(told, drawn_conditions(Steps("test"), 200, seed=2)[:])
    assert torch.equal(told[:50], drawn_conditions(Steps("test"), 50, seed=1)[:])
    test = Steps("test").batch(torch.arange(96))[1].flatten(1)
    assert_close(told[:96].flatten(1).sort(0).values, test.sort(0).values)


def test_figures_see_the_conditions_and_the_answers(run):
    """What a plugin's figure may ask for."""
    source = ModelSource(run)
    told, answers = source.labels(100, seed=1), source.targets(100, seed=1)
    assert torch.equal(answers[..., :HALF], told)
    assert torch.equal(source.model.labels(70, seed=1)[64:], source.model.conditions[:6])


def test_the_protocol_says_what_samples_were_drawn_for():
    from ganzoo.measure.methods import samples_in_words

    said = samples_in_words(9, (0,), "conditions of x")
    assert said == "n = 9, sampling seed 0, conditions of x"
    assert samples_in_words(9, (0,)) == "n = 9, sampling seed 0"


# --- The command ----------------------------------------------------------------------------------


def sampled(capsys, *words) -> tuple[int, str]:
    code = commands.ganzoo("sample", *words)
    return code, "".join(capsys.readouterr())


def test_the_command_samples_under_a_folders_images(run, tmp_path, capsys):
    (tmp_path / "left").mkdir()
    for number, grey in enumerate((0, 255, 128)):
        Image.new("L", (HALF, SIDE), grey).save(tmp_path / "left" / f"{number}.png")
    words = (run, "--conditions", tmp_path / "left")
    code, said = sampled(capsys, *words, "-o", tmp_path / "made")
    assert (code, len(list((tmp_path / "made").iterdir()))) == (0, 3), said
    with Image.open(tmp_path / "made" / "00001.png") as image:
        assert image.size == (SIDE, SIDE)
    assert sampled(capsys, *words, "-o", tmp_path / "grid.png")[0] == 0
    with Image.open(tmp_path / "grid.png") as grid:
        width = HALF + 1 + SIDE + 2
        columns = columns_for(3, SIDE, width - 2)
        rows = math.ceil(3 / columns)
        assert grid.size == (columns * width + 2, rows * (SIDE + 2) + 2)
        second = (2 + width, 2) if columns > 1 else (2, 2 + SIDE + 2)
        assert grid.getpixel(second)[0] == 255  # the second condition
    code, said = sampled(capsys, *words, "-n", 2)
    assert code == 2
    assert "3 conditions for 2 samples" in said


def test_the_command_samples_under_a_data_sets_conditions(run, tmp_path, capsys):
    code, said = sampled(
        capsys, run, "--conditions", "steps", "-n", 5, "--seed", 3, "-o", tmp_path / "made"
    )
    assert (code, len(list((tmp_path / "made").iterdir()))) == (0, 5), said


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("mnist-mini", "mnist-mini has no conditions, and the model takes conditions of shape"),
        ("./run", "run contains no images"),
        ("nothing", "no dataset 'nothing'"),
    ],
)
def test_the_command_refuses_what_holds_no_conditions(
    run, monkeypatch, tmp_path, capsys, what, said
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    (tmp_path / "empty" / "run").mkdir()
    code, told = sampled(capsys, run, "--conditions", what)
    assert code != 0
    assert said in told.replace("data set", "dataset") or said in told
    assert len(told.splitlines()) == 1


def test_the_datas_own_options_make_conditions_of_pictures(tmp_path, capsys):
    """`--shade` is no option of the command, but of the model's data set."""
    play(game("shaded"), tmp_path / "run")
    Image.new("L", (SIDE, SIDE), 255).save(tmp_path / "white.png")
    words = (tmp_path / "run", "--conditions", tmp_path / "white.png")
    made = tmp_path / "made.npy"
    assert sampled(capsys, *words, "--shade", "-1", "-o", made)[0] == 0
    model = ganzoo.load(tmp_path / "run")
    dark = model.conditions_from(tmp_path / "white.png", shade="-1")
    assert dark.shape == (1, *SHAPE)
    assert dark.unique().tolist() == [-1]
    assert model.conditions_from(tmp_path / "white.png").unique().tolist() == [1]
    expected = model.sample(1, seed=0, conditions=dark).numpy()
    assert (numpy.load(made) == expected).all()


def test_samples_of_another_model_become_conditions(model, tmp_path):
    """A tensor is read as the same picture's file is, in any number of channels."""
    grey = torch.linspace(-1, 1, SIDE * HALF).view(1, *SHAPE).mul(127.5).round().div(127.5)
    made = model.conditions_from(grey)
    assert_close(made, grey, rtol=0, atol=0)
    assert_close(model.conditions_from(grey.expand(-1, 3, -1, -1)), grey, rtol=0, atol=1e-6)
    clear = torch.cat([grey.expand(-1, 3, -1, -1), -torch.ones_like(grey)], 1)
    assert model.conditions_from(clear).unique().tolist() == [1], "transparency is white"
    with pytest.raises(UsageError, match=r"reads pictures of \[1, 8, 4\], found \[1, 8, 8\]"):
        model.conditions_from(torch.zeros(1, 1, SIDE, SIDE))
    with pytest.raises(UsageError, match=r"a tensor \[N, C, H, W\] with 1, 3 or 4 channels"):
        model.conditions_from(torch.zeros(1, SIDE, HALF))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_keeps_its_colours_in_other_channels(channels):
    given = torch.rand(2, channels, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    four = pictures_given(given, (4, 4, 4))
    assert torch.equal(four[:, :3], given[:, :3].expand(-1, 3, -1, -1))
    assert torch.equal(four[:, 3:], given[:, 3:] if channels == 4 else torch.ones(2, 1, 4, 4))
    assert torch.equal(pictures_given(given, (channels, 4, 4)), given)


def test_the_right_answers_to_the_models_own_conditions(run, model, monkeypatch):
    """They come from the data set, and there are none where it is away or has changed."""
    assert torch.equal(model.targets[..., :HALF], model.conditions)
    assert model.condition_choices == {}
    monkeypatch.setattr(Steps, "is_here", classmethod(lambda cls: False))
    assert ganzoo.load(run).targets is None
    monkeypatch.undo()
    monkeypatch.setattr(Steps, "paired", False)
    changed = ganzoo.load(run)
    changed.conditions.add_(0.1)
    assert changed.targets is None


def test_a_data_set_is_here_if_those_that_it_names_are(monkeypatch):
    named = {"of": {"name": "mnist-mini", "arguments": {"size": 16}}, "transform": "edges"}
    assert is_here(Part("steps", named))
    monkeypatch.setattr(MNISTMini, "is_here", classmethod(lambda cls: False))
    assert not is_here(Part("steps", named))
    assert not is_here(Part("steps", {"of": "ganzoo/mnist-mini"}))
    assert is_here(Part("steps", {"of": 3}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shad", "1"), "steps take no option 'shad'; it takes: none"),
        (("--shade",), "'--shade' requires a value"),
        (("--shade=1",), "steps take no option 'shade'"),
    ],
)
def test_options_that_the_data_has_not_are_refused(run, tmp_path, capsys, words, said):
    Image.new("L", (SIDE, SIDE), 255).save(tmp_path / "white.png")
    code, told = sampled(capsys, run, "--conditions", tmp_path / "white.png", *words)
    assert code == 2
    assert said in told
    code, told = sampled(capsys, run, *words)
    assert code == 2
    assert "No such option" in told
    code, told = sampled(capsys, run, "--conditions", "steps", "--shade", "1")
    assert code == 2
    assert "--shade is for images of your own" in told


# --- Labels follow the data -----------------------------------------------------------------------


def skewed(tmp_path, shares=(0.75, 0.25), **more) -> ganzoo.Model:
    told = ("tiny", {"num_classes": 3})
    play(
        config(
            generator=told, discriminator=told, data=("skewed", {"shares": list(shares)}), **more
        ),
        tmp_path,
    )
    return ganzoo.load(tmp_path)


def told_to(model: ganzoo.Model, n: int, **options) -> torch.Tensor:
    """The labels that a model's samples are drawn for."""
    seen = []
    handle = model.generator.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    model.sample(n, batch=n, **options)
    handle.remove()
    return torch.cat(seen[1:])  # the first is one row, to see whether the network draws


def test_a_card_holds_the_shares_of_its_training_data(tmp_path):
    model = skewed(tmp_path)
    assert model.card.config.class_shares == (0.75, 0.25, 0.0)
    assert read_config(tmp_path / "config.json")[0].class_shares == (0.75, 0.25, 0.0)


def test_samples_are_drawn_in_these_shares_and_balanced_where_asked(tmp_path):
    model = skewed(tmp_path)
    counts = Counter(told_to(model, 4000, seed=0).tolist())
    assert counts[0] / 4000 == pytest.approx(0.75, abs=0.03)
    assert counts[2] == 0
    even = Counter(told_to(model, 4000, seed=0, balanced=True).tolist())
    assert all(even[label] / 4000 == pytest.approx(1 / 3, abs=0.03) for label in range(3))
    assert torch.equal(told_to(model, 10, seed=0), told_to(model, 100, seed=0)[:10])
    with pytest.raises(UsageError, match="its labels are given"):
        model.sample(4, seed=0, labels=1, balanced=True)


def test_the_command_draws_balanced(run, tmp_path, capsys):
    skewed(tmp_path / "skewed", steps=1)
    words = (tmp_path / "skewed", "-n", 8, "--seed", 1, "-o")
    assert sampled(capsys, *words, tmp_path / "shares")[0] == 0
    assert sampled(capsys, *words, tmp_path / "even", "--balanced")[0] == 0
    shares, even = ((tmp_path / f"{name}.txt").read_text() for name in ("shares", "even"))
    assert shares != even
    code, said = sampled(capsys, run, "--balanced")
    assert code == 2
    assert "run cannot be balanced over classes: it has no classes" in said


def test_batch_statistics_and_figures_follow_the_shares(tmp_path):
    model = skewed(tmp_path)
    told = torch.cat(
        [
            labels
            for _, labels in sampling.calibration_batches(model.generator, 0, CPU, model.labeller)
        ]
    )
    assert float((told == 0).float().mean()) == pytest.approx(0.75, abs=0.04)
    assert ModelSource(tmp_path).drawn_for == "labels in the shares of the training data"


def test_even_shares_draw_what_was_drawn_without_any(tmp_path):
    """Models that were published before shares were known keep their samples."""
    even = (1 / 3, 1 / 3, 1 / 3)
    plain = drawn_labels(3, 100, seed=5)
    assert torch.equal(drawn_labels(3, 100, seed=5, shares=even), plain)
    rng = torch.Generator().manual_seed(ganzoo.sampling.derive(5, "labels", 0))
    assert torch.equal(plain[:BLOCK], torch.randint(3, (BLOCK,), generator=rng))
    assert torch.equal(
        Labeller(3, even).calibrating(4, 7, seed=1), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    )


def test_labels_in_shares_are_the_same_everywhere():
    """Each is where the distribution function reaches a uniform number of the seed."""
    shares = (0.0, 0.5, 0.0, 0.3, 0.2, 0.0)
    found = drawn_labels(6, 130, seed=2, shares=shares)
    rng = torch.Generator().manual_seed(ganzoo.sampling.derive(2, "labels", 1))
    uniform = torch.rand(BLOCK, generator=rng, dtype=torch.float64)
    expected = [1 if u < 0.5 else 3 if u < 0.8 else 4 for u in uniform.tolist()]
    assert found[BLOCK : 2 * BLOCK].tolist() == expected
    assert not torch.equal(found[:BLOCK], found[BLOCK : 2 * BLOCK])


def test_an_unfinished_run_draws_in_the_shares_too(tmp_path):
    finished = skewed(tmp_path)
    (tmp_path / "export").rename(tmp_path / "elsewhere")
    model = ganzoo.load(tmp_path)
    assert_close(model.sample(70, seed=0), finished.sample(70, seed=0))
    assert model.labeller.shares == (0.75, 0.25, 0.0)


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.5, -0.5], [float("nan"), 1.0]])
def test_shares_that_are_none_are_refused(tmp_path, shares):
    skewed(tmp_path)
    card = tmp_path / "export" / "config.json"
    data = json.loads(card.read_text())
    card.write_text(json.dumps({**data, "class_shares": shares}))
    with pytest.raises(ConfigError, match=r"class_shares|NaN"):
        ganzoo.load(tmp_path)


def test_shares_of_other_classes_are_refused(tmp_path):
    skewed(tmp_path)
    card = tmp_path / "export" / "config.json"
    data = json.loads(card.read_text())
    card.write_text(json.dumps({**data, "class_shares": [0.5, 0.5]}))
    with pytest.raises(CardError, match="list 2 classes, its generator has 3"):
        ganzoo.load(tmp_path).sample(2, seed=0)


@pytest.mark.parametrize("part", [Part("mnist-mini"), Part("ring", {"length": 500})])
def test_data_sets_count_what_going_through_them_counts(part):
    data = build(Dataset, part)
    counts = data.class_counts()
    assert torch.equal(counts, Dataset.class_counts(data))
    assert (int(counts.sum()), counts.shape) == (len(data), (data.num_classes,))


def test_without_classes_there_is_nothing_to_count():
    with pytest.raises(DataError, match="no classes to count"):
        Steps().class_counts()


def test_labels_beyond_the_classes_are_not_counted():
    data = Skewed()
    data.num_classes = 1
    with pytest.raises(DataError, match="labels from 0 to 1, and num_classes is 1"):
        data.class_counts()


def test_unconditional_players_count_nothing(tmp_path):
    state, setup = prepare(config(data="skewed"), CPU)
    found = labeller_of(setup, state.generator)
    assert (found.num_classes, found.shares, found.conditions) == (None, (), None)


def test_a_data_set_is_opened_by_its_name():
    assert len(ganzoo.datasets.load("mnist-mini", split="test")) == 1_000
    assert ganzoo.datasets.load("steps", length=5).sample_shape == (1, SIDE, SIDE)
    with pytest.raises(GanzooError, match="did you mean"):
        ganzoo.datasets.load("mnist-mimi")
    with pytest.raises(UsageError, match="the name must be text, found None"):
        ganzoo.datasets.load(None)
    with pytest.raises(UsageError, match=r"load\('folder', path='photos/', size=..., channels"):
        ganzoo.datasets.load("folder:photos/")


# --- The conformance kit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "check", "said"),
    [
        ("generator/deaf", "check_conditions", "another condition makes the same samples"),
        (
            "generator/listshape",
            "check_attributes",
            r"condition_shape is \[1, 8, 4\] instead of",
        ),
        ("dataset/absent", "check_dataset_conditions", r"gives no conditions \(None\)"),
        ("dataset/whole", "check_dataset_conditions", r"conditions \[1, 1, 8, 8\] uint8"),
        ("dataset/placed", "check_dataset_conditions", "another condition in another batch"),
        ("dataset/both", "check_dataset_conditions", "labels are one or the other"),
        (
            "dataset/undeclared",
            "check_batches",
            "or declare condition_shape if",
        ),
        ("generator/translator", "check_conditions", None),
        ("discriminator/judge", "check_conditions", None),
        ("dataset/steps", "check_dataset_conditions", None),
    ],
)
def test_the_kit_finds_what_is_wrong_with_conditions(subject, check, said):
    from ganzoo.errors import CheckError
    from ganzoo.testing import checks_of

    (planned,) = [
        one
        for one in checks_of("tiny", fast=True)
        if (one.subject.id, one.name) == (subject, check)
    ]
    if said is None:
        planned()
        return
    with pytest.raises(CheckError, match=said):
        planned()
