"""Sides of feature maps, which several families share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo.layers import doubled_sides, halved_sides, halving_kernel, stage_widths


def test_sides_halve_down_to_4():
    assert halved_sides(28, (28,)) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert halved_sides([32, 48], (32,)) == [(32, 48), (16, 24), (8, 12), (4, 6)]


@pytest.mark.parametrize("size", [28, 32, [28, 50]])
def test_a_kernel_halves_and_doubles_its_map(size):
    for large, small in zip(*[halved_sides(size, (28, 32))[at:] for at in (0, 1)], strict=False):
        kernel = halving_kernel(large)
        down = nn.Conv2d(1, 1, kernel, stride=2, padding=1)
        up = nn.ConvTranspose2d(1, 1, kernel, stride=2, padding=1)
        assert down(torch.zeros(1, 1, *large)).shape[2:] == small
        assert up(torch.zeros(1, 1, *small)).shape[2:] == large


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (30, "size is one of 28, 32, found 30"),
        ("28", "size is one of 28, 32, found '28'"),
        ([28, 51], r"28, 32, or \[height, width\]: one of these, the longer one even, found"),
    ],
)
def test_other_sizes_are_refused(size, text):
    with pytest.raises(ValueError, match=text):
        halved_sides(size, (28, 32))


def test_sides_double_from_4_or_7():
    assert doubled_sides(32, 64) == [4, 8, 16, 32]
    assert doubled_sides(28, 64) == [7, 14, 28]
    for size in (4, 7, 30, 112):
        with pytest.raises(ValueError, match=f"8, 14, 16, 28, 32, 56, 64, found {size}"):
            doubled_sides(size, 64)


def test_widths_are_one_number_or_one_for_each_side():
    assert stage_widths(5, [4, 8]) == [5, 5]
    assert stage_widths((5, 6), [4, 8]) == [5, 6]
    with pytest.raises(ValueError, match="one for each of the 2 sides 4, 8; found 3"):
        stage_widths([5, 6, 7], [4, 8])
    with pytest.raises(ValueError, match="widths are 1 or more"):
        stage_widths(0, [4, 8])
