"""`ganzoo invert`: the latents that draw a given picture."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import UsageError, WeightsError
from ganzoo.latent import Inversion, invert, read_latents
from styled import styled


@pytest.fixture(scope="module")
def digits():
    return ganzoo.load("dcgan-mnist")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `ganzoo ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (commands.ganzoo(*words), *capsys.readouterr())


def test_styles_are_found_that_draw_the_same_points():
    model = styled()
    model.generator.sample_shape = (2,)
    points = model.sample(3, seed=5)
    found = invert(model, points, starts=2, steps=100)
    assert found.points.shape == (3, 2, 3)
    assert found.psnr.min() > 30
    again = model.sample(styles=found.points, seed=0)
    assert_close(
        10 * torch.log10(4 / (again - points).square().mean(1)), found.psnr, atol=1, rtol=0
    )


def test_a_longer_search_comes_closer_and_repeats(digits):
    image = digits.sample(1, seed=77)
    short, long, again = (invert(digits, image, starts=2, steps=n) for n in (2, 40, 40))
    assert long.psnr > short.psnr + 3
    assert torch.equal(long.points, again.points)
    assert_close(digits.sample(latents=long.points, seed=0), image, atol=1.5, rtol=0)


def test_a_sample_of_the_model_is_found_at_once_beside_one_that_takes_steps(digits):
    images = torch.cat([digits.sample(1, seed=0), digits.sample(1, seed=123)])
    latents = digits.latents(1, seed=0)
    found = invert(digits, images, starts=2, steps=8)
    assert found.psnr[0] > 40 > found.psnr[1]
    assert torch.equal(found.points[:1], latents), "it was among the candidates, and is done"
    (alone,) = invert(digits, images[1:], starts=2, steps=8).points
    assert_close(found.points[1], alone, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("dcgan-mnist", (1, 1, 32, 32), r"draws samples of shape \[1, 28, 28\], found \[1, 1, 32"),
        ("dcgan-letters", (1, 1, 32, 32), "takes a class: give the label of the images"),
    ],
)
def test_what_cannot_be_inverted_is_refused(name, shape, text):
    with pytest.raises(UsageError, match=text):
        invert(ganzoo.load(name), torch.zeros(shape))


def test_latents_are_read_by_their_own_model_only(digits, tmp_path):
    sha256 = digits.card.require_config().files["model.safetensors"].sha256
    Inversion(torch.ones(2, 100), torch.ones(2), sha256).save(tmp_path / "a.safetensors")
    assert torch.equal(read_latents(tmp_path / "a.safetensors", digits), torch.ones(2, 100))
    with pytest.raises(WeightsError, match="these latents belong to a model with sha256"):
        read_latents(tmp_path / "a.safetensors", ganzoo.load("wgan-mnist"))
    Inversion(torch.ones(2, 7), torch.ones(2), sha256).save(tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="holds no latents or styles of dcgan-mnist"):
        read_latents(tmp_path / "a.safetensors", digits)


def test_images_are_inverted_and_edited(run, tmp_path, digits):
    digits.images(1, seed=77)[0].save(tmp_path / "digit.png")
    for name in ("a", "b"):
        words = ("digit.png", "--steps", 5, "--starts", 2, "-o", f"{name}.safetensors")
        code, output, _ = run("invert", "dcgan-mnist", *words)
        assert code == 0 and "digit.png  PSNR " in output
    for end in ("safetensors", "png"):
        assert (tmp_path / f"a.{end}").read_bytes() == (tmp_path / f"b.{end}").read_bytes()
    with Image.open(tmp_path / "a.png") as pair:
        assert pair.size == (32, 62), "the drawing stands below the image"
    assert run("directions", "dcgan-mnist", "-k", 1, "--by", "sefa")[0] == 0
    words = ("--latents", "a.safetensors", "--direction", "sefa-1=0")
    assert run("edit", "dcgan-mnist", *words)[0] == 0
    code, _, error = run("edit", "dcgan-mnist", *words, "--seed", 1)
    assert code == 2 and "--latents and a seed's samples were given" in error


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("wide.png",), "wide.png has 30x28 pixels, and dcgan-mnist draws 28x28"),
        (("text.png",), "text.png: "),
        (("gone.png",), "'gone.png' does not exist"),
        (("wide.png", "-o", "a.pt"), "a.pt must end in .safetensors"),
        ((), "Missing argument 'IMAGES...'"),
    ],
)
def test_bad_input_gets_one_line(run, tmp_path, words, text):
    Image.new("L", (30, 28)).save(tmp_path / "wide.png")
    (tmp_path / "text.png").write_text("no picture")
    code, _, error = run("invert", "dcgan-mnist", *words)
    assert code == 2 and text in error and error.count("\n") == 1
    assert len([*tmp_path.iterdir()]) == 2
