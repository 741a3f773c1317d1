"""Pairs that people bring, and sets that are not paired."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.folders import FolderPairs, SideBySide, Unpaired, paired_by_name
from ganzoo_translate.pairs import Pairs
from PIL import Image

from ganzoo import Dataset
from ganzoo.build import build, fitted
from ganzoo.specs import Part

FORM = {"size": 16, "channels": 3}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two folders of twelve pictures: inputs are grey levels, targets their negatives."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number in range(12):
        level = np.full((16, 16, 3), 20 * number, np.uint8)
        for name, ending, pixels in (("a", "png", level), ("b", "bmp", 255 - level)):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / name / f"face{number}.{ending}")
    return tmp_path


def test_two_folders_are_paired_by_name(folders):
    where = {"inputs": str(folders / "a"), "targets": str(folders / "b")}
    train, test = (FolderPairs(**where, **FORM, split=split) for split in ("train", "test"))
    assert (len(train), len(test)) == (11, 1)
    targets, inputs = train.batch(torch.arange(11))
    assert torch.allclose(targets, -inputs, atol=1e-6)
    assert len(inputs[:, 0, 0, 0].unique()) == 11


def test_pairs_of_ones_own_say_what_was_read_and_have_an_extractor(folders):
    where = {"inputs": str(folders / "a"), "targets": str(folders / "b")}
    data = FolderPairs(**where, **FORM)
    assert data.summary.startswith("12 pairs; inputs: a: 12 images made 16x16: all 16x16 pixels")
    assert data.extractor is None  # one pair is held out, and features are compared of several


def test_enough_pairs_of_ones_own_have_an_extractor(folders):
    for number in range(12, 60):
        for name, ending in (("a", "png"), ("b", "bmp")):
            first = folders / name / f"face0.{ending}"
            shutil.copy(first, folders / name / f"face{number}.{ending}")
    where = {"inputs": str(folders / "a"), "targets": str(folders / "b")}
    for split in ("train", "test"):
        data = FolderPairs(**where, **FORM, split=split)
        assert (data.extractor, data.control) == ("colours-and-edges", None)


def test_inputs_may_be_grey(folders):
    data = FolderPairs(str(folders / "a"), str(folders / "b"), **FORM, condition_channels=1)
    assert (data.sample_shape, data.condition_shape) == ((3, 16, 16), (1, 16, 16))


def test_partners_that_are_missing_are_named(folders):
    (folders / "a" / "face3.png").unlink()
    with pytest.raises(TranslateError, match="11 inputs and 12 targets: 1 have no.*: face3"):
        FolderPairs(str(folders / "a"), str(folders / "b"), **FORM)


def test_partners_of_other_proportions_are_named(folders):
    Image.new("RGB", (32, 16)).save(folders / "a" / "face3.png")
    with pytest.raises(TranslateError, match="face3.png is 32x16 and its partner .*bmp 16x16"):
        FolderPairs(str(folders / "a"), str(folders / "b"), **FORM)


def test_names_must_be_unique():
    with pytest.raises(TranslateError, match=r"two inputs have one name: a.png and a.jpg"):
        paired_by_name(["a.png", "a.jpg"], ["a.png"])
    assert paired_by_name(["b.png", "x/a.jpg"], ["x/a.png", "b.bmp"]) == [
        ("x/a.jpg", "x/a.png"),
        ("b.png", "b.bmp"),
    ]


def test_wide_pictures_are_cut_in_two(folders):
    (folders / "wide").mkdir()
    for number in range(12):
        picture = np.zeros((16, 32, 3), np.uint8)
        picture[:, 16:] = 10 * number
        Image.fromarray(picture).save(folders / "wide" / f"{number}.png")
    targets, inputs = SideBySide(str(folders / "wide"), **FORM).batch(torch.arange(11))
    assert inputs.unique().tolist() == [-1.0]
    assert len(targets[:, 0, 0, 0].unique()) == 11
    assert SideBySide(str(folders / "wide"), **FORM).extractor is None  # too few are held out
    swapped = SideBySide(str(folders / "wide"), **FORM, target="left")
    assert torch.equal(swapped.batch(torch.arange(11))[0], inputs)
    with pytest.raises(TranslateError, match="target is left or right, found 'top'"):
        SideBySide(str(folders / "wide"), **FORM, target="top")


def test_pictures_that_are_not_twice_as_wide_are_refused(folders):
    with pytest.raises(TranslateError, match="is 16x16; two pictures of 16x16 side by side.*32x16"):
        SideBySide(str(folders / "a"), **FORM)


def test_a_folder_takes_the_place_of_a_models_own_set(folders):
    """As in `ganzoo train --data pairs:photos/ --init inpaint-faces`, which keeps `of`."""
    part = Part("pairs", {"of": "mnist-mini", "transform": "half", "path": str(folders / "a")})
    filled = fitted(part, (3, 16, 16))
    assert (filled.arguments["size"], filled.arguments["channels"]) == (16, 3)
    data = build(Dataset, filled)
    assert (len(data), data.sample_shape) == (11, (3, 16, 16))
    without = Part("pairs", {"of": "mnist-mini"})
    assert fitted(without, (3, 16, 16)) == without


def test_too_few_pictures_are_named_by_their_folder(folders):
    for number in range(5):
        (folders / "a" / f"face{number}.png").unlink()
    with pytest.raises(TranslateError, match=r"/a holds 7 pictures, too few to hold out a test"):
        Pairs(path=str(folders / "a"), **FORM)


def test_unpaired_sets_meet_at_random(folders):
    where = {"inputs": f"folder:{folders / 'a'}", "targets": f"folder:{folders / 'b'}"}
    data = Unpaired(**where, **FORM, variants=8)
    assert (data.paired, data.copies) == (False, 8)
    targets, inputs = data.batch(11 * torch.arange(8))
    assert len(targets[:, 0, 0, 0].unique()) == 1
    assert len(inputs[:, 0, 0, 0].unique()) > 2
    assert torch.equal(data.batch(torch.tensor([33]))[1][0], inputs[3])
    assert len(Unpaired(**where, **FORM, split="test")) == 1
