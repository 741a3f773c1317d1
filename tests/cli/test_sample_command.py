"""`ganzoo sample`: grids, folders, classes, and the same bytes for the same seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import commands
from tiny import tiny_plugin


@pytest.fixture
def sample(tmp_path, monkeypatch, capsys):
    """Run `ganzoo sample ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        return commands.ganzoo("sample", *words), *capsys.readouterr()

    return run


@pytest.fixture
def conditional(sample, tmp_path):
    """A run of a conditional DCGAN, a few turns long."""
    words = "--generator dcgan --discriminator dcgan --loss hinge --data mnist-mini --images 128"
    settings = [
        f"{player}.arguments.{setting}"
        for player in ("generator", "discriminator")
        for setting in ("size=28", "width=4", "num_classes=10")
    ]
    more = [word for setting in settings for word in ("--set", setting)]
    assert commands.ganzoo("train", *words.split(), *more, "--out", "run", "--quiet") == 0
    return "./run"


def test_the_same_seed_gives_the_same_bytes(sample, tmp_path):
    assert sample("vanilla-mnist", "-n", "9", "--seed", "4", "-o", "one.png")[0] == 0
    assert sample("vanilla-mnist", "-n", "9", "--seed", "4", "-o", "two.png")[0] == 0
    assert sample("vanilla-mnist", "-n", "9", "--seed", "5", "-o", "three.png")[0] == 0
    one, two, three = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three


def test_the_grid_is_square_and_named(sample, tmp_path):
    code, out, _ = sample("vanilla-mnist")
    assert (code, out) == (0, "64 samples of vanilla-mnist, seed 0: samples.png\n")
    with Image.open(tmp_path / "samples.png") as grid:
        assert grid.size == (8 * 30 + 2, 8 * 30 + 2)


def test_a_folder_holds_single_images(sample, tmp_path):
    code, out, _ = sample("vanilla-mnist", "-n", "5", "-o", "digits/")
    assert (code, out) == (0, "5 samples of vanilla-mnist, seed 0: digits/ (5 files)\n")
    assert len(list((tmp_path / "digits").glob("*.png"))) == 5


def test_one_class_can_be_asked_of_a_conditional_model(sample, conditional, tmp_path):
    for label in ("3", "4"):
        assert sample(conditional, "-n", "4", "--label", label, "-o", f"{label}.png")[0] == 0
    grids = []
    for label in ("3", "4"):
        with Image.open(tmp_path / f"{label}.png") as grid:
            grids.append(np.array(grid))
    assert (grids[0] != grids[1]).any()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["vanila-mnist"], 2, "no model 'vanila-mnist'; did you mean 'vanilla-mnist'"),
        (["vanilla-mnist", "--label", "3"], 2, "vanilla-mnist is not conditional"),
        (["vanilla-mnist", "-n", "0"], 2, "0 is not in the range"),
        (["vanilla-mnist", "-o", "x.txt"], 2, "x.txt: images are written as .png"),
        (["vanilla-mnist", "-o", "/proc/x/grid.png"], 1, "/proc/x/grid.png cannot be written"),
        (["./nowhere"], 1, "there is no folder 'nowhere'"),
        (["hf-hub:owner"], 2, "is not an address on the Hub; write hf-hub:owner/repo"),
        ([], 2, "Missing argument 'WHAT'; see `ganzoo sample --help`"),
    ],
)
def test_what_cannot_be_sampled_is_one_line(sample, tmp_path, words, code, text):
    ended, out, said = sample(*words)
    assert (ended, out) == (code, "")
    assert text in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_wrong_class_is_refused(sample, conditional):
    code, _, said = sample(conditional, "--label", "10")
    assert code == 2
    assert "has the classes 0 to 9, found labels from 10 to 10" in said


def test_points_are_written_as_their_plugin_writes_them(world, sample, tmp_path):
    world(tiny_plugin())
    words = "--generator tiny --discriminator tiny --loss hinge --data tiny-ring --images 128"
    assert commands.ganzoo("train", *words.split(), "--out", "run", "--quiet") == 0
    assert sample("./run", "-n", "3", "-o", "points")[0] == 0
    assert len((tmp_path / "points.txt").read_text().splitlines()) == 3


#: What drawing a grid of a published model needs beyond torch and what torch imports.
NEEDED = {"PIL", "click", "platformdirs", "pluggy", "safetensors"}
SCRIPT = """
import sys, torch
torchs = set(sys.modules)
from ganzoo.cli import main
try:
    main(["sample", "dcgan-mnist", "-n", "2", "-o", sys.argv[1]])
finally:
    print(*{name.partition(".")[0] for name in set(sys.modules) - torchs})
"""


def test_a_grid_is_drawn_without_slow_imports(tmp_path):
    """Torchvision alone took 1.7 s, for one grid."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "grid.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split()) - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith("ganzoo")} <= NEEDED


def test_classes_are_asked_for_by_name_and_in_turn(sample, tmp_path):
    words = ("dcgan-fashion-mnist", "--seed", "1")
    assert sample(*words, "-n", "3", "--label", "sneaker", "-o", "name.npy")[0] == 0
    assert sample(*words, "-n", "3", "--label", "7", "-o", "number.npy")[0] == 0
    assert sample(*words, "-n", "3", "--labels", "bag,7", "-o", "turns.npy")[0] == 0
    name, number, turns = (np.load(tmp_path / f"{n}.npy") for n in ("name", "number", "turns"))
    assert name.shape == (3, 1, 28, 28) and name.dtype == np.float32
    np.testing.assert_array_equal(name, number)
    np.testing.assert_allclose(turns[1], name[1], atol=1e-5)
    assert np.abs(turns[0] - name[0]).mean() > 0.05
    code, out, _ = sample(*words, "--labels", "0,1", "-o", "two.png")
    assert (code, out.split()[0]) == (0, "2")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--label", "sneakers"), "has no class 'sneakers'; did you mean 'sneaker'"),
        (("--label", "1", "--labels", "1,2"), "--label and --labels were both given"),
        (("--label", "-3"), "found labels from -3"),
    ],
)
def test_classes_that_are_not_there_are_refused(sample, words, text):
    code, _, err = sample("dcgan-fashion-mnist", *words)
    assert code == 2 and text in err


def test_images_are_enlarged_pixel_by_pixel(sample, tmp_path):
    assert sample("vanilla-mnist", "-n", "4", "--scale", "3", "-o", "large.png")[0] == 0
    assert sample("vanilla-mnist", "-n", "1", "-o", "small.png")[0] == 0
    assert sample("vanilla-mnist", "-n", "1", "--scale", "2", "-o", "double.png")[0] == 0
    with Image.open(tmp_path / "large.png") as large:
        assert large.size == (2 * 86 + 2, 2 * 86 + 2)
    with Image.open(tmp_path / "small.png") as small, Image.open(tmp_path / "double.png") as twice:
        assert twice.tobytes() == small.resize((56, 56), Image.Resampling.NEAREST).tobytes()


def test_samples_are_written_as_a_film_of_equal_bytes(sample, tmp_path):
    for name in ("one.gif", "two.gif"):
        assert sample("vanilla-mnist", "-n", "5", "--seed", "3", "-o", name)[0] == 0
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    with Image.open(tmp_path / "one.gif") as film:
        assert (film.n_frames, film.size) == (5, (28, 28))


def test_a_film_as_mp4_says_what_it_needs(sample, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    code, _, err = sample("vanilla-mnist", "-n", "2", "-o", "film.mp4")
    assert code == 1 and "MP4 films need ffmpeg" in err
    assert not (tmp_path / "film.mp4").exists()


def test_a_folder_of_other_samples_is_refused_or_cleared(sample, tmp_path):
    assert sample("vanilla-mnist", "-n", "5", "-o", "samples/")[0] == 0
    code, _, err = sample("vanilla-mnist", "-n", "3", "-o", "samples/")
    assert code == 2 and "holds 5 samples already" in err and "--overwrite" in err
    assert len([*(tmp_path / "samples").iterdir()]) == 5
    assert sample("vanilla-mnist", "-n", "3", "-o", "samples/", "--overwrite")[0] == 0
    assert len([*(tmp_path / "samples").iterdir()]) == 3
