"""`ganzoo mix`: exchanged styles, and grids between samples."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.cli.mix import with_headers
from ganzoo.errors import UsageError
from ganzoo.latent import mix
from model_folders import write_published
from styled import styled


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `ganzoo mix ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (commands.ganzoo("mix", *words), *capsys.readouterr())


def test_layers_come_from_the_row_and_the_rest_from_the_column():
    model = styled()
    with torch.no_grad():  # layers that differ, which the tiny mapping never makes
        model.generator.draw[1].weight.mul_(3)
    styles = [model.styles(model.latents(1, seed=seed)) for seed in (1, 2, 3)]
    mixed = mix(model, (1, 2, 3), [1])
    assert mixed.shape == (3, 3, 2)
    wanted = torch.cat([styles[2][:, :1], styles[0][:, 1:]], 1)
    assert_close(mixed[0, 2], model.sample(styles=wanted, seed=0)[0])
    for place, seed in enumerate((1, 2, 3)):
        assert_close(mixed[place, place], model.sample(1, seed=seed)[0])
    assert_close(mix(model, (1, 2, 3)), mix(model, (1, 2, 3), [0]))


def test_a_grid_has_the_seeds_in_its_corners():
    digits = ganzoo.load("dcgan-mnist")
    grid = mix(digits, (1, 2, 3, 4), steps=3)
    assert grid.shape == (3, 3, 1, 28, 28)
    for (row, column), seed in zip(((0, 0), (0, 2), (2, 0), (2, 2)), (1, 2, 3, 4), strict=True):
        sample = digits.sample(1, seed=seed)[0]
        assert_close(grid[row, column], sample, rtol=0, atol=1e-4)
    assert mix(digits, (1, 2), steps=5).shape == (1, 5, 1, 28, 28)
    three = mix(digits, (1, 2, 3), steps=2)
    assert_close(three[0, 0], three[1, 1], rtol=0, atol=1e-4)


def test_headers_repeat_the_diagonal():
    samples = torch.arange(4.0).reshape(2, 2, 1)
    assert with_headers(samples)[..., 0].tolist() == [[-1, 0, 3], [0, 0, 1], [3, 2, 3]]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((1,),), "2 seeds or more, found 1"),
        (((1, 2), [2]), "a layer must be between 0 and 1, found 2"),
        (((1, 2), []), "no layers were given; the model has 0 to 1"),
    ],
)
def test_styles_that_cannot_be_mixed_are_refused(arguments, text):
    with pytest.raises(UsageError, match=text):
        mix(styled(), *arguments)


def test_the_same_seeds_give_the_same_grid(run, tmp_path):
    words = ("dcgan-fashion-mnist", "--seeds", "1,2,3,4", "--steps", 4, "--label", "sneaker")
    assert run(*words, "-o", "a.png")[0] == 0
    assert run(*words, "-o", "b.png", "--scale", 1)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as grid:
        assert grid.size == (122, 122)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--seeds", "1,2,3,4,5"), "2 to 4 seeds for the corners of a grid, found 5"),
        (("--layers", "0-1"), "dcgan-mnist has no styles to exchange; leave out layers"),
        (("--layers", "3-1"), "'3-1': give layers such as 0-3 or 0,2,5-7"),
        (("--layers", "a"), "'a': give layers such as 0-3"),
        (("-o", "mix.gif"), "mix.gif ends in none of .png"),
    ],
)
def test_bad_input_gets_one_line(run, tmp_path, words, text):
    code, _, error = run("dcgan-mnist", *words)
    assert code == 2 and text in error and error.count("\n") == 1
    assert not [*tmp_path.iterdir()]


def test_a_model_of_points_has_no_grid(run, tmp_path, tiny_world):
    write_published(tmp_path / "ring", kind="points")
    code, _, error = run("./ring")
    assert code == 2
    assert "a grid of mixtures shows pictures side by side, and the model draws points" in error


def test_a_model_of_text_fills_a_grid_with_its_words(run, tmp_path):
    pytest.importorskip("ganzoo_text", reason="ganzoo-text is not installed")
    code, output, _ = run("gumbel-surnames", "--seeds", "1,2", "--steps", "3")
    assert code == 0 and output == "gumbel-surnames, seeds 1, 2: mix.png\n"
    with Image.open(tmp_path / "mix.png") as grid:
        assert grid.size[0] > 3 * grid.size[1] > 64, "three words beside each other"
