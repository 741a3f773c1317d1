"""Pairs: their split, their counted draws, transforms and holes."""

from __future__ import annotations

import pytest
import torch
from ganzoo_translate.counted import uniform
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.figures import Psnr, Ssim
from ganzoo_translate.pairs import Pairs
from ganzoo_translate.splits import held_out
from ganzoo_translate.transforms import Channels, Edges, Grey, LowResolution, Mask
from torch.testing import assert_close

import ganzoo

DIGITS = {"of": "mnist-mini"}
ROWS = torch.arange(12)


def pictures(n: int = 6, channels: int = 3, side: int = 16) -> torch.Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


# --- Pairs --------------------------------------------------------------------------------------


def test_targets_are_the_sets_own_pictures_and_the_split_is_kept():
    for split, count in (("train", 2000), ("test", 1000)):
        data, own = Pairs(**DIGITS, split=split), ganzoo.datasets.load("mnist-mini", split=split)
        assert len(data) == count == len(own)
        assert torch.equal(data.batch(ROWS)[0], own.batch(ROWS)[0])


def test_a_pair_depends_on_its_number_alone():
    data = Pairs(**DIGITS, transform={"name": "mask", "arguments": {"holes": ["box", "strokes"]}})
    _, together = data.batch(ROWS)
    _, alone = data.batch(ROWS[7:8])
    assert torch.equal(together[7:8], alone)
    assert together.shape[1:] == data.condition_shape == (2, 28, 28)


def test_variants_show_a_picture_with_other_holes_and_the_test_shows_it_once():
    data = Pairs(**DIGITS, transform={"name": "mask", "arguments": {"holes": ["box"]}}, variants=4)
    assert (len(data), data.copies) == (8000, 4)
    rows = 3 + 2000 * torch.arange(4)
    targets, conditions = data.batch(rows)
    assert all(torch.equal(one, targets[0]) for one in targets)
    assert len(conditions[:, 1].flatten(1).unique(dim=0)) == 4
    test = Pairs(**DIGITS, variants=4, split="test")
    assert (len(test), test.copies) == (1000, 1)


def test_a_set_without_a_split_holds_out_a_tenth():
    train, test = held_out(50, "train", "mine"), held_out(50, "test", "mine")
    assert sorted([*train.tolist(), *test.tolist()]) == [*range(50)]
    assert len(test) == 5
    with pytest.raises(TranslateError, match="mine holds 9 pictures, too few to hold out a test"):
        held_out(9, "train", "mine")


def test_the_content_hash_is_of_pictures_and_transform():
    hashes = {Pairs(**DIGITS, transform=one).content_hash() for one in ("mask", "mask", "edges")}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"of": "ring"}, "pairs are made of pictures; 'ring' has points"),
        ({}, "of a data set or of a folder: give of, or path"),
        ({"path": "photos/", "size": 32}, "need size and channels, such as --set data"),
        ({"of": {"nam": "ring"}}, "of is a name, or"),
        ({**DIGITS, "transform": "msk"}, "no transform 'msk'; there are channels, edges"),
        ({**DIGITS, "transform": {"name": "edges", "arguments": {"a": 1}}}, "cannot be built.*'a'"),
        ({**DIGITS, "variants": 0}, "variants is a whole number of 1 or more, found 0"),
        ({**DIGITS, "split": "dev"}, "split is 'train' or 'test', found 'dev'"),
        (
            {**DIGITS, "transform": {"name": "low-resolution", "arguments": {"factor": 3}}},
            r"sides \[28, 28\] are no multiples of factor 3",
        ),
    ],
)
def test_what_cannot_be_paired_is_said_in_one_line(arguments, said):
    with pytest.raises(ganzoo.GanzooError, match=said) as caught:
        Pairs(**arguments)
    assert "\n" not in str(caught.value)


# --- Transforms ---------------------------------------------------------------------------------


def test_a_mask_keeps_what_is_known_and_says_where():
    given = pictures()
    made = Mask(["left"])(given, ROWS[:6])
    assert made.shape == (6, *Mask(["left"]).shape((3, 16, 16)))
    assert torch.equal(made[:, :3, :, 8:], given[..., 8:])
    assert torch.equal(made[:, 3, 0, 7:9], torch.tensor([[-1.0, 1.0]]).expand(6, -1))
    assert not made[:, :3, :, :8].any()


def test_holes_are_drawn_among_the_named_ones():
    mask = Mask(["eyes", "half", "strokes"], {"eyes": [0.25, 0, 0.5, 1]})
    holes = mask.drawn(torch.arange(600), 16, 16)
    eyes = torch.zeros(16, 16, dtype=torch.bool)
    eyes[4:8] = True
    share = (holes == eyes).flatten(1).all(1).float().mean()
    assert share == pytest.approx(1 / 3, abs=0.06)
    covered = holes.flatten(1).sum(1)
    assert covered.min() > 0 and covered.max() < 256


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ([0, 0, 1, 1], "the mask mine covers everything of 16x16 pixels"),
        ([0, 0, 0.01, 1], "the mask mine covers nothing of 16x16 pixels"),
        ([0.5, 0, 0.5, 1], "covers nothing: found"),
        ([0, 0, 2, 1], "shares from 0 to 1, found"),
        ([0, 1], "is top, left, bottom, right"),
        (["x", 0, 1, 1], r"shares from 0 to 1, found \['x', 0, 1, 1\]"),
        (0.5, "shares from 0 to 1, found 0.5"),
    ],
)
def test_a_mask_that_covers_nothing_or_all_is_refused(box, said):
    with pytest.raises(TranslateError, match=said):
        Mask(["mine"], {"mine": box}).shape((3, 16, 16))


def test_an_unknown_hole_is_answered_with_what_there_is():
    with pytest.raises(TranslateError, match="no hole 'eyes'; there are box, strokes, top"):
        Mask(["eyes"])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Mask(3), "holes is a name, or a list of names, found 3"),
        (lambda: Mask(["half"], [0, 1]), r"boxes is a mapping from names to boxes, found \[0, 1\]"),
        (lambda: Edges("dark"), "strength must be a number above 0, found 'dark'"),
    ],
)
def test_arguments_of_another_kind_are_said(make, said):
    with pytest.raises(TranslateError, match=said):
        make()


def test_grey_is_brightness():
    red = torch.tensor([1.0, -1, -1]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert_close(Grey()(red, ROWS[:1]), torch.full((1, 1, 4, 4), 0.299 - 0.587 - 0.114))


def test_edges_are_dark_where_brightness_changes():
    step = torch.ones(1, 1, 8, 8)
    step[..., 4:] = -1
    lines = Edges()(step, ROWS[:1])
    assert_close(lines[0, 0, 0], torch.tensor([1.0, 1, 1, -1, -1, 1, 1, 1]))


def test_low_resolution_is_the_mean_of_squares():
    coarse = LowResolution(2)(pictures(), ROWS[:6])
    assert_close(coarse[..., 0, 0], pictures()[..., :2, :2].mean((2, 3)))
    assert torch.equal(coarse[..., 0, 0], coarse[..., 1, 1])


def test_channels_are_some_of_the_pictures_own():
    assert torch.equal(Channels([2, 0])(pictures(), ROWS[:6]), pictures()[:, [2, 0]])
    assert Channels(1).shape((26, 32, 32)) == (1, 32, 32)
    with pytest.raises(TranslateError, match=r"\[0, 3\] are given; pictures have 0 to 2, of which"):
        Channels([0, 3]).shape((3, 16, 16))
    with pytest.raises(TranslateError, match="a list of channels, each once, found \\[1, 1\\]"):
        Channels([1, 1])


def test_pairs_of_alphabets_are_alphabets_whose_condition_is_a_letter():
    alphabets = {"name": "letters", "arguments": {"view": "alphabet"}}
    data = Pairs(alphabets, "channels", split="test")
    drawn, letters = data.batch(ROWS)
    assert (data.kind, data.condition_shape) == ("alphabet", (1, 32, 32))
    assert torch.equal(letters, drawn[:, :1])
    assert not Ssim().applies_to(data) and Psnr().applies_to(data)


# --- Draws --------------------------------------------------------------------------------------


def test_draws_belong_to_rows_and_are_even():
    drawn = uniform(torch.arange(4000), 4)
    assert torch.equal(uniform(torch.tensor([77]), 4)[0], drawn[77])
    assert drawn.min() >= 0 and drawn.max() < 1
    assert_close(drawn.mean(0), torch.full((4,), 0.5), rtol=0, atol=0.03)
    assert_close(torch.corrcoef(drawn.T), torch.eye(4), rtol=0, atol=0.06)
    assert len(drawn.flatten().unique()) > 15_900
