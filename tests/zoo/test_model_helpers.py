"""What a loaded model does for people: given latents, labels by name, pictures, ways, copies."""

from __future__ import annotations

import io
import itertools

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import ganzoo
from ganzoo.errors import UsageError
from ganzoo.latent import slerp
from ganzoo.writers.images import write_images


@pytest.fixture(scope="module")
def digits():
    return ganzoo.load("dcgan-mnist")


@pytest.fixture(scope="module")
def clothes():
    return ganzoo.load("dcgan-fashion-mnist")


def test_latents_that_are_given_take_the_place_of_the_seeds(digits):
    latents = digits.latents(70, seed=3)
    assert_close(digits.sample(latents=latents), digits.sample(70, seed=3), rtol=0, atol=1e-5)
    twice = digits.sample(latents=latents[:4], truncation=0.5)
    assert_close(twice, digits.sample(4, seed=3, truncation=0.5), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"latents": torch.zeros(4, 3)}, r"takes latents \[n, 100\], found \[4, 3\]"),
        ({"latents": torch.zeros(0, 100)}, r"found \[0, 100\]"),
        ({"latents": [1.0]}, r"latents are floats \[n, 100\], found"),
        ({"latents": torch.zeros(4, 100), "n": 5}, "n is 5, but 4 latents"),
        ({"styles": torch.zeros(4, 2, 8)}, "has no styles"),
        ({"latents": torch.zeros(4, 100), "styles": torch.zeros(4, 2, 8)}, "give one of them"),
    ],
)
def test_latents_that_do_not_fit_are_refused(digits, options, text):
    assert digits.generator.latent_dim == 100
    with pytest.raises(UsageError, match=text):
        digits.sample(**options)


def test_the_last_seed_can_be_read(digits):
    drawn = digits.sample(2)
    assert_close(digits.sample(2, seed=digits.last_seed), drawn)
    digits.sample(2, seed=11)
    assert digits.last_seed == 11


def test_labels_are_asked_for_by_name_and_returned(clothes):
    samples, labels = clothes.sample(3, seed=0, labels="sneaker", return_labels=True)
    assert labels.tolist() == [7, 7, 7]
    assert torch.equal(samples, clothes.sample(3, seed=0, labels=7))
    _, mixed = clothes.sample(2, seed=0, labels=["Ankle-Boot", 0], return_labels=True)
    assert mixed.tolist() == [9, 0]
    _, drawn = clothes.sample(5, seed=2, return_labels=True)
    assert torch.equal(drawn, clothes.labels(5, seed=2))


def test_an_unconditional_model_returns_no_labels(digits):
    assert digits.sample(2, seed=0, return_labels=True)[1] is None


def test_a_class_that_is_not_there_is_refused_with_the_nearest(clothes):
    with pytest.raises(UsageError, match="has no class 'sneakers'; did you mean 'sneaker'"):
        clothes.sample(1, labels="sneakers")


def test_pictures_are_those_that_are_written(digits, tmp_path):
    (one,) = digits.images(1, seed=0)
    assert (one.size, one.mode) == ((28, 28), "L")
    write_images(digits.sample(16, seed=0), tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as written:
        assert written.tobytes() == digits.grid(16, seed=0).tobytes()
    assert digits.grid(6, columns=3, seed=0).size == (3 * 30 + 2, 2 * 30 + 2)


def test_a_notebook_shows_a_grid(digits):
    picture = Image.open(io.BytesIO(digits._repr_png_()))
    assert picture.format == "PNG" and picture.width >= 240


def test_a_way_leads_from_seed_to_seed(digits):
    way = digits.interpolate((1, 2, 3), frames=4)
    assert way.shape == (9, 1, 28, 28)
    stops = torch.cat([digits.sample(1, seed=seed) for seed in (1, 2, 3)])
    assert_close(way[::4], stops, rtol=0, atol=1e-4)
    steps = [(a - b).abs().mean() for a, b in itertools.pairwise(way)]
    assert max(steps) < (stops[0] - stops[1]).abs().mean()


def test_a_closed_way_ends_before_its_first_sample(digits):
    way = ganzoo.latent.walk(digits, (1, 2), 6)
    assert len(way) == 6
    with pytest.raises(UsageError, match="2 seeds or more, found 1"):
        digits.interpolate((1,))


def test_spherical_interpolation_keeps_the_length_and_the_angle():
    start, end = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    way = slerp(start, end, torch.tensor([0.0, 1 / 3, 1.0]))
    third = [2 * 3**0.5 / 2, 1.0]
    assert_close(way, torch.tensor([[2.0, 0.0], third, [0.0, 2.0]]))
    line = slerp(start, -start, torch.tensor([0.25]))
    assert_close(line, torch.tensor([[1.0, 0.0]]))


def test_a_model_is_saved_as_a_folder_that_loads(digits, tmp_path):
    folder = digits.save(tmp_path / "mine")
    assert_close(ganzoo.load(folder).sample(2, seed=0), digits.sample(2, seed=0))
    assert (folder / "README.md").is_file()
    with pytest.raises(UsageError, match="mine exists"):
        digits.save(folder)


def test_a_card_prints_as_a_page_and_its_figures_are_at_hand(clothes):
    card = ganzoo.card("dcgan-fashion-mnist")
    figure = card.figures["FD (cnn-fashion-mnist)"]
    assert figure.floor is not None and figure.floor < figure.value
    lines = str(card).splitlines()
    assert lines[0].startswith("dcgan-fashion-mnist DCGAN")
    row = next(line for line in lines if line.startswith("FD (cnn-fashion-mnist) "))
    assert row.split()[2] == f"{figure.value:.4g}"
    shared = figure.protocol.partition("; ")[2]
    assert sum(shared in line for line in lines) == 1
