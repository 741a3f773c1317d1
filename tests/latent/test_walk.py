"""`ganzoo walk`: ways through latents and styles, as films and strips."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import commands
import ganzoo
from ganzoo.errors import UsageError
from ganzoo.latent import walk
from ganzoo.writers.animation import _ffmpeg, write_film
from ganzoo.writers.by_kind import pictures_of
from ganzoo.writers.points import TRAIL
from model_folders import write_published
from styled import styled


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `ganzoo walk ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (commands.ganzoo("walk", *words), *capsys.readouterr())


def frames_of(path):
    with Image.open(path) as film:
        for number in range(film.n_frames):
            film.seek(number)
            yield torch.tensor([*film.convert("L").tobytes()], dtype=torch.float)


def test_a_film_leads_from_its_last_frame_to_its_first(run, tmp_path):
    assert run("dcgan-mnist", "--seeds", "1,2", "--frames", 16, "-o", "walk.webp")[0] == 0
    frames = torch.stack([*frames_of(tmp_path / "walk.webp")])
    assert frames.shape == (16, 280 * 280)
    steps = (frames - frames.roll(-1, 0)).abs().mean(1)
    assert steps[-1] <= steps[:-1].max() and steps[-1] > 0


def has_ffmpeg():
    return shutil.which("ffmpeg") or importlib.util.find_spec("imageio_ffmpeg")


needs_ffmpeg = pytest.mark.skipif(not has_ffmpeg(), reason="no ffmpeg is installed")


@pytest.mark.parametrize(
    "name", ["walk.webp", "walk.gif", "walk.png", pytest.param("walk.mp4", marks=needs_ffmpeg)]
)
def test_the_same_seeds_give_the_same_bytes(run, tmp_path, name):
    for folder in ("a", "b"):
        code, output, _ = run(
            "dcgan-letters", "--label", "q", "--frames", 5, "-o", f"{folder}/{name}"
        )
        assert code == 0 and f"{folder}/{name}" in output
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@needs_ffmpeg
def test_an_mp4_shows_its_frames_in_their_colours(tmp_path):
    colours = [(200, 40, 90), (30, 160, 220), (120, 120, 120)]
    frames = [Image.new("RGB", (47, 33), colour) for colour in colours]
    write_film(frames, tmp_path / "film.mp4")
    words = (_ffmpeg(), "-v", "error", "-i", str(tmp_path / "film.mp4"), "-f", "rawvideo")
    done = subprocess.run([*words, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    shown = torch.frombuffer(bytearray(done.stdout), dtype=torch.uint8).view(3, 34, 48, 3)
    inner = shown[:, 4:28, 4:40].float().mean((1, 2))  # sides are made even
    assert_close(inner, torch.tensor(colours).float(), rtol=0, atol=4)


def test_a_strip_shows_the_seeds_samples_at_its_ends(run, tmp_path):
    run("dcgan-mnist", "--seeds", "4,5", "--frames", 6, "-o", "strip.png", "--scale", 2)
    with Image.open(tmp_path / "strip.png") as strip:
        assert strip.size == (6 * 58 + 2, 60)
    digits = ganzoo.load("dcgan-mnist")
    way = walk(digits, (4, 5), 6, closed=False)
    for place, seed in ((0, 4), (-1, 5)):
        assert_close(way[place], digits.sample(1, seed=seed)[0], rtol=0, atol=1e-4)


def test_frames_that_seeds_do_not_divide_are_spread_evenly():
    digits = ganzoo.load("dcgan-mnist")
    assert len(walk(digits, (1, 2, 3), 7)) == 7
    way = walk(digits, (1, 2, 3), 12)
    assert_close(way[4], digits.sample(1, seed=2)[0], rtol=0, atol=1e-4)


def test_a_way_through_styles_is_straight():
    model = styled()
    first, second = (model.styles(model.latents(1, seed=seed)) for seed in (1, 2))
    middle = model.sample(styles=(first + second) / 2, seed=0)
    assert_close(walk(model, (1, 2), 4)[1:2], middle)


def test_a_conditional_walk_keeps_one_class():
    model = styled(num_classes=3)
    drawn = int(model.labels(1, seed=1)[0])
    assert_close(walk(model, (1, 2), 4), walk(model, (1, 2), 4, labels=drawn))
    assert not torch.equal(walk(model, (1, 2), 4), walk(model, (1, 2), 4, labels=(drawn + 1) % 3))


def test_a_way_through_styles_keeps_the_conditions_it_was_given():
    model, told = styled(condition_shape=(2,)), torch.tensor([0.5, -1.0])
    points = model.latents(1, seed=1), model.latents(1, seed=2)
    ends = [model.styles(one, conditions=told) for one in points]
    wanted = model.sample(styles=torch.cat(ends), seed=1, conditions=told)
    assert_close(walk(model, (1, 2), 2, closed=False, conditions=told), wanted)
    assert_close(wanted[:1], model.sample(latents=points[0], seed=1, conditions=told))
    assert not torch.equal(ends[0], model.styles(points[0], conditions=-told))
    with pytest.raises(UsageError, match="takes no conditions"):
        styled().styles(points[0], conditions=told)


def test_points_are_drawn_with_a_trail_on_fixed_axes(run, tmp_path, tiny_world):
    write_published(tmp_path / "ring", kind="points")
    code, _, error = run("./ring", "--frames", 5, "-o", "walk.gif")
    assert (code, error) == (0, "")
    drawn = pictures_of("points", torch.eye(2).repeat(TRAIL, 1), {})
    assert drawn.shape == (2 * TRAIL, 3, 480, 480)
    assert torch.equal(drawn[0], drawn[1]), "both points are in every trail"


def test_a_model_without_latents_is_refused():
    model = styled()
    model.generator.latent_dim = 0
    with pytest.raises(UsageError, match="has no latents to steer"):
        walk(model, (1, 2))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-o", "walk.tiff"), "walk.tiff ends in none of .gif, .mp4, .webp, .png"),
        (("--seeds", "1,x"), "'1,x': give whole numbers from 0, divided by commas"),
        (("--seeds", "1"), "a walk leads through 2 seeds or more, found 1"),
        (("--label", "3"), "dcgan-mnist is not conditional"),
    ],
)
def test_bad_input_gets_one_line(run, tmp_path, words, text):
    code, _, error = run("dcgan-mnist", *words)
    assert code == 2 and text in error and error.count("\n") == 1
    assert not [*tmp_path.iterdir()]


def test_a_kind_that_no_film_shows_is_refused(run, tmp_path, tiny_world):
    write_published(tmp_path / "ring")
    code, _, error = run("./ring", "--frames", 5)
    assert code == 2 and "has none" in error
