"""The film of a training's grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence, features

from ganzoo.engine.run.film import make_film
from ganzoo.errors import UsageError


def draw(folder: Path, images: int, size: tuple[int, int] = (12, 8)) -> np.ndarray:
    """Write a grey grid, as colour like every grid, and return its pixels [H, W, 3]."""
    grey = np.random.default_rng(images).integers(0, 256, size[::-1], dtype=np.uint8)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    Image.fromarray(pixels).save(folder / f"{images:012d}.png")
    return pixels


def frames(film: Path) -> list[np.ndarray]:
    with Image.open(film) as opened:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(opened)]


def durations(film: Path) -> list[int]:
    """How long each frame stays, in milliseconds."""
    found = []
    with Image.open(film) as opened:
        for frame in ImageSequence.Iterator(opened):
            frame.load()  # where Pillow learns it
            found.append(frame.info["duration"])
    return found


def test_every_grid_is_a_frame_in_order(tmp_path: Path) -> None:
    drawn = [draw(tmp_path, images) for images in (50_000, 100_000, 1_000_000)]
    film = make_film(tmp_path)
    assert film == tmp_path / "film.webp"
    assert np.array_equal(frames(film), drawn)


def test_the_frames_share_the_time_and_the_last_stays(tmp_path: Path) -> None:
    for images in range(5):
        draw(tmp_path, images)
    film = make_film(tmp_path, stem="short", seconds=1.0)
    assert film.name == "short.webp"
    assert durations(film) == [250, 250, 250, 250, 2000]
    with Image.open(film) as opened:
        assert opened.info["loop"] == 0


@pytest.mark.parametrize(
    ("most", "kept"),
    [(2, [0, 9]), (3, [0, 4, 9]), (4, [0, 3, 6, 9]), (10, range(10)), (99, range(10))],
)
def test_too_many_are_thinned_evenly(tmp_path: Path, most: int, kept: list[int]) -> None:
    drawn = [draw(tmp_path, images) for images in range(10)]
    assert np.array_equal(frames(make_film(tmp_path, most=most)), [drawn[i] for i in kept])


def test_colours_are_kept_nearly(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(128)), axis=2)
    for images in (1, 2):
        Image.fromarray(np.roll(pixels, images, 0)).save(tmp_path / f"{images:012d}.png")
    last = frames(make_film(tmp_path))[-1].astype(int)
    assert abs(last - np.roll(pixels, 2, 0)).mean() < 4


def test_grids_that_are_alike_are_no_trouble(tmp_path: Path) -> None:
    for images in (1, 2, 3):
        Image.new("RGB", (12, 8), (9, 9, 9)).save(tmp_path / f"{images:012d}.png")
    assert not np.any(frames(make_film(tmp_path))[-1] != 9)


# What is left out


def test_other_files_are_no_frames(tmp_path: Path) -> None:
    drawn = [draw(tmp_path, images) for images in (1, 2)]
    for name in ("samples.png", "000000000003.jpg", "00000003.png", "000000000003-b.png"):
        Image.new("RGB", (12, 8)).save(tmp_path / name)
    first = make_film(tmp_path)
    assert np.array_equal(frames(first), drawn)
    assert np.array_equal(frames(make_film(tmp_path)), drawn)  # nor is the film


def test_grids_of_another_size_than_the_last_are_left_out(tmp_path: Path) -> None:
    draw(tmp_path, 1, size=(8, 8))
    drawn = [draw(tmp_path, images) for images in (2, 3)]
    assert np.array_equal(frames(make_film(tmp_path)), drawn)


def test_damaged_grids_are_left_out(tmp_path: Path) -> None:
    drawn = [draw(tmp_path, images) for images in (1, 4)]
    for images in (2, 3, 5, 6, 7):
        draw(tmp_path, images)
    torn, flipped, cut, empty, other = (tmp_path / f"{n:012d}.png" for n in (2, 3, 5, 6, 7))
    torn.write_bytes(torn.read_bytes()[:60])
    content = bytearray(flipped.read_bytes())
    content[60] ^= 1
    flipped.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:-12])
    empty.write_bytes(b"")
    other.write_text("no picture")
    assert np.array_equal(frames(make_film(tmp_path)), drawn)


@pytest.mark.parametrize("grids", [0, 1])
def test_fewer_than_two_make_no_film(tmp_path: Path, grids: int) -> None:
    for images in range(grids):
        draw(tmp_path, images)
    assert make_film(tmp_path) is None
    assert make_film(tmp_path / "nowhere") is None


@pytest.mark.parametrize("options", [{"seconds": 0.0}, {"most": 1}])
def test_a_film_of_nothing_is_refused(tmp_path: Path, options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="a film needs more than 0 s and at least 2 frames, found"):
        make_film(tmp_path, **options)


# How it is written


def test_without_webp_it_is_a_gif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [draw(tmp_path, images) for images in range(3)]
    monkeypatch.setattr(features, "check", lambda feature: False)
    film = make_film(tmp_path, seconds=1.0)
    assert film == tmp_path / "film.gif"
    assert np.array_equal(frames(film), drawn)
    assert durations(film) == [500, 500, 2000]


def test_a_film_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for images in range(3):
        draw(tmp_path, images)
    before = make_film(tmp_path).read_bytes()
    names = {path.name for path in tmp_path.iterdir()}

    def torn(self: Image.Image, path: Path, **options: object) -> None:
        path.write_bytes(b"RIFF")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", torn)
    with pytest.raises(OSError, match="no space left"):
        make_film(tmp_path)
    assert (tmp_path / "film.webp").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == names
