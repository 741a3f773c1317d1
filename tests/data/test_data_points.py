"""Toys in the plane, and how points are written."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.testing import assert_close

from ganzoo.data.points import Grid, Ring
from ganzoo.errors import DataError, UsageError
from ganzoo.writers.by_kind import write_grid
from ganzoo.writers.points import DOTS, ENDS, MARGIN, SIDE, axis_end, scatter, write_points

TOYS = pytest.mark.parametrize("toy", [Ring, Grid])


def test_the_ring_is_the_papers():
    data = Ring()
    assert (len(data), data.num_classes, data.sigma) == (100_000, 8, 0.01)
    assert_close(data.centres.norm(dim=1), torch.ones(8))
    assert_close(data.centres[2], torch.tensor([0.0, 1.0]))
    neighbours = (data.centres - data.centres.roll(1, 0)).norm(dim=1)
    assert_close(neighbours, torch.full((8,), 2 * math.sin(math.pi / 8)))


def test_the_grid_is_the_papers():
    data = Grid()
    assert (len(data), data.num_classes, data.sigma) == (100_000, 25, 0.05)
    wanted = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {(x, y) for x, y in data.centres.tolist()} == wanted
    assert data.centres[1].tolist() == [-2, -4]


@TOYS
def test_points_lie_around_their_modes_as_a_gaussian_does(toy):
    data = toy()
    points, modes = data.batch(torch.arange(len(data)))
    assert (points.dtype, modes.dtype) == (torch.float32, torch.int64)
    away = points - data.centres[modes]
    assert_close(away.std(0), torch.full((2,), data.sigma), rtol=0.01, atol=0)
    assert_close(away.mean(0), torch.zeros(2), rtol=0, atol=4 * data.sigma / 100_000**0.5)
    good = (away.norm(dim=1) < 3 * data.sigma).float().mean()
    assert_close(good, torch.tensor(1 - math.exp(-4.5)), rtol=0, atol=0.002)  # 98.89%
    shares = torch.bincount(modes) / len(data)
    assert_close(shares, torch.full_like(shares, 1 / data.num_classes), rtol=0.1, atol=0)


@TOYS
def test_points_are_fixed_and_those_for_testing_are_others(toy):
    assert toy().content_hash() == toy().content_hash()
    assert toy().content_hash() != toy(split="test").content_hash()


@TOYS
def test_points_are_of_no_stated_range(toy):
    assert (toy.kind, toy.value_range, toy.sample_shape) == ("points", None, (2,))


def test_a_toy_can_be_changed():
    data = Ring(modes=3, radius=2.0, sigma=0.5, length=10)
    assert (len(data), data.num_classes, data.sigma) == (10, 3, 0.5)
    assert_close(data.centres.norm(dim=1), torch.full((3,), 2.0))
    assert Grid(side=2, spacing=1.0).centres.tolist() == [
        [-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("toy", "arguments", "text"),
    [
        (Ring, {"split": "validation"}, "split is 'train' or 'test', found 'validation'"),
        (Ring, {"length": 0}, "length must be 1 or more and sigma 0 or more, found 0 and 0.01"),
        (Ring, {"sigma": float("nan")}, "sigma 0 or more, found .* and nan"),
        (Ring, {"modes": 0}, "modes must be 1 or more and radius above 0, found 0 and 1.0"),
        (Ring, {"radius": 0.0}, "radius above 0, found 8 and 0.0"),
        (Grid, {"side": 0}, "side must be 1 or more and spacing above 0, found 0 and 2.0"),
    ],
)
def test_a_toy_that_cannot_be_is_refused(toy, arguments, text):
    with pytest.raises(DataError, match=text):
        toy(**arguments)


# Writing


def dots_of(picture: Image.Image) -> list[tuple[int, int]]:
    """Pixels (x, y) that are a dot through and through."""
    colour = tuple(bytes.fromhex(DOTS[1:]))
    rows, columns = np.nonzero((np.array(picture) == colour).all(2))
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


def test_a_scatter_shows_points_where_they_are():
    picture = scatter(torch.tensor([[1.0, 0.5]]))
    assert picture.size == (SIDE, SIDE)
    half = SIDE / 2
    for x, y in dots_of(picture):
        assert abs(x - (SIDE - MARGIN)) < 3  # 1.0 is where the axis ends
        assert abs(y - (half - (half - MARGIN) / 2)) < 3  # and up is up


def test_axes_end_alike_for_a_toy_and_what_comes_near():
    assert axis_end(Ring(length=2500).points) == axis_end(Ring().points) == 1.5
    assert axis_end(Grid(length=2500).points) == axis_end(Grid().points) == 5.0


@given(st.floats(1e-30, 1e30))
def test_axes_hold_the_points_and_little_more(largest):
    end = axis_end(torch.tensor([[0.0, -largest]], dtype=torch.float64))
    assert largest * (1 - 1e-9) <= end <= 1.7 * largest
    assert any(math.isclose(end, e * 10.0 ** math.floor(math.log10(end))) for e in ENDS)


@settings(max_examples=30)
@given(st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), max_size=5))
def test_every_cloud_can_be_drawn(rows):
    picture = scatter(torch.tensor(rows).view(-1, 2))
    assert bool(dots_of(picture)) == any(all(map(math.isfinite, row)) for row in rows)


@pytest.mark.parametrize("shape", [(4, 1), (4, 3), (4, 2, 2)])
def test_other_dimensions_are_drawn_by_their_first_two(shape, tmp_path):
    (file,) = write_points(torch.randn(shape), tmp_path / "cloud.png")
    with Image.open(file) as picture:
        assert dots_of(picture)


def test_numbers_are_written_as_lines(tmp_path):
    points = torch.tensor([[1.0, -0.25], [1e-7, 3.0]])
    (file,) = write_points(points, tmp_path / "new" / "points.csv")
    assert file.read_text() == "1,-0.25\n1e-07,3\n"
    assert_close(torch.from_numpy(np.loadtxt(file, delimiter=",", dtype=np.float32)), points)


def test_a_folder_holds_the_numbers(tmp_path):
    assert write_points(torch.zeros(3, 2), tmp_path / "many") == [tmp_path / "many" / "points.csv"]


def test_a_name_that_is_no_picture_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"x.jpg: points are written as .png, .csv, or into a"):
        write_points(torch.zeros(1, 2), tmp_path / "x.jpg")


def test_points_beside_a_training_are_a_picture(world, tmp_path):
    world()
    assert write_grid("points", torch.zeros(4, 2), tmp_path / "1", {}) == [tmp_path / "1.png"]
