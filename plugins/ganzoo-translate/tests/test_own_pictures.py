"""A user's own pictures as conditions: holes by name, by box, by picture, by transparency."""

from __future__ import annotations

import pytest
import torch
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.pairs import Pairs
from PIL import Image
from torch import Tensor

from ganzoo import OwnPictures

EYES = {"name": "mask", "arguments": {"holes": ["eyes"], "boxes": {"eyes": [0.25, 0, 0.5, 1]}}}


def conditions(transform=EYES, alpha: Tensor | None = None, **choices: str) -> torch.Tensor:
    """The conditions of one picture of 8x8 pixels."""
    rows = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    rows[:, 3] = 1.0 if alpha is None else alpha
    shape = (4, 8, 8) if transform is EYES else (1, 8, 8)
    given = OwnPictures((3, 8, 8), shape, lambda shape: rows[:, : shape[0]], choices)
    return Pairs.conditions_of(given, of="not-here", transform=transform)


def hole_of(made: torch.Tensor) -> list[int]:
    """The rows of a condition's hole."""
    return (made[0, 3, :, 0] < 0).nonzero().flatten().tolist()


def test_a_hole_is_chosen_by_name_or_box():
    made = conditions(mask="eyes")
    assert made.shape == (1, 4, 8, 8)
    assert hole_of(made) == [2, 3]
    assert not made[:, :3, 2:4].any()
    assert hole_of(conditions(mask="bottom")) == [4, 5, 6, 7]
    assert hole_of(conditions(mask="0,0,0.125,1")) == [0]


def test_a_hole_is_painted_white(tmp_path):
    mask = Image.new("L", (16, 16), 0)
    mask.paste(255, (0, 12, 16, 16))
    mask.save(tmp_path / "mask.png")
    assert hole_of(conditions(mask=str(tmp_path / "mask.png"))) == [6, 7]


def test_what_is_transparent_is_filled():
    alpha = torch.ones(8, 8)
    alpha[5] = -1
    assert hole_of(conditions(alpha=alpha)) == [5]
    assert hole_of(conditions(alpha=alpha, mask="eyes")) == [2, 3, 5]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "nothing transparent to fill; choose a mask .eyes., a box"),
        ({"mask": "nose"}, "no hole 'nose'; there are .*eyes"),
        ({"mask": "0,0,1,1"}, "covers everything of 8x8 pixels"),
        ({"mask": "0,0,0.01,1"}, "covers nothing of 8x8 pixels"),
        ({"mask": "a,b,c,d"}, "is top, left, bottom, right"),
        ({"mask": "there/is-no.png"}, "the mask there/is-no.png cannot be read"),
    ],
)
def test_a_hole_that_cannot_be_is_said(choices, said):
    with pytest.raises(TranslateError, match=said) as caught:
        conditions(**choices)
    assert "\n" not in str(caught.value)


def test_the_picture_without_a_hole_is_numbered():
    rows = torch.zeros(2, 4, 8, 8)
    rows[:, 3] = 1.0
    rows[0, 3, 2] = -1.0
    given = OwnPictures((3, 8, 8), (4, 8, 8), lambda shape: rows, {})
    with pytest.raises(TranslateError, match="picture 2 of 2 has nothing transparent to fill"):
        Pairs.conditions_of(given, of="not-here", transform=EYES)


def test_inputs_are_taken_as_they_are_and_targets_transformed():
    plain, made = conditions("edges"), conditions("edges", given="targets")
    assert plain.shape == made.shape == (1, 1, 8, 8)
    assert not torch.equal(plain, made)
    with pytest.raises(TranslateError, match="given is inputs or targets, found 'photos'"):
        conditions("edges", given="photos")
    with pytest.raises(TranslateError, match="mask is for models that fill holes"):
        conditions("edges", mask="eyes")


def test_what_a_page_can_offer_is_listed():
    assert Pairs.condition_choices(of="not-here", transform=EYES) == {
        "given": ("inputs", "targets"),
        "mask": ("eyes",),
    }
    assert Pairs.condition_choices(transform="edges")["mask"] == ()
