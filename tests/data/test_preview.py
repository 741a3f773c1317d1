"""What a network would see, and pictures that occur twice."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from ganzoo.data.duplicates import near_duplicates, same_files
from ganzoo.data.preview import contact_sheet, preview
from image_files import noise, opened, write_pictures

pytestmark = pytest.mark.usefixtures("home")


def drawing(seed: int, size: int = 96) -> Image.Image:
    """A few large shapes on a plain background, as drawings have."""
    numbers = torch.randint(0, 255, (12,), generator=torch.Generator().manual_seed(seed)).tolist()
    image = Image.new("RGB", (size, size), (230, 240, 250))
    draw = ImageDraw.Draw(image)
    for x, y, colour in (numbers[0:3], numbers[3:6], numbers[6:9]):
        left, top = x * size // 400, y * size // 400
        box = (left, top, left + size // 3, top + size // 3)
        draw.ellipse(box, fill=(colour, 255 - colour, 90))
    return image


@pytest.fixture
def drawings(tmp_path) -> Path:
    """Eight drawings; one of them a second time, and once smaller and as a poor JPEG."""
    place = tmp_path / "drawings"
    place.mkdir()
    for number in range(8):
        drawing(number).save(place / f"{number}.png")
    shutil.copy(place / "2.png", place / "copy.png")
    drawing(5).resize((60, 60)).save(place / "small.jpg", quality=70)
    return place


def test_a_folder_is_described(tmp_path):
    folder = write_pictures(tmp_path / "images", 5)
    noise(7, (30, 20)).save(folder / "a" / "wide.jpg")
    noise(8, (12, 12)).convert("L").save(folder / "a" / "grey.png")
    noise(9, (12, 12)).convert("RGBA").save(folder / "b" / "clear.png")
    (folder / "b" / "photo.heic").touch()
    seen = preview(opened(folder, labels=True))
    assert (seen.samples, seen.kind, seen.shape) == (8, "image", (3, 8, 8))
    assert seen.classes == {"a": 4, "b": 3, "c": 1}
    assert "8 images made 8x8" in seen.summary
    files = seen.files
    assert files is not None and (files.files, files.examined) == (9, 8)
    assert files.sizes == ((12, 12), (12, 12), (30, 20))
    assert files.formats == {"PNG": 7, "JPEG": 1}
    assert files.channels == {"colour": 6, "grey": 1, "with transparency": 1}
    assert files.left_out == (("b/photo.heic", "HEIC; pip install pillow-heif", 1),)
    assert Path(files.left_out_list or "").read_text().startswith("b/photo.heic\t")


def test_pictures_that_occur_twice_are_found(drawings):
    files = preview(opened(drawings, size=64)).files
    assert files is not None
    assert files.same == [["2.png", "copy.png"]]
    assert files.alike == [["5.png", "small.jpg"]]


def test_different_pictures_are_not_alike(drawings):
    for name in ("copy.png", "small.jpg"):
        (drawings / name).unlink()
    assert near_duplicates(opened(drawings, size=64), 8) == []
    assert same_files(sorted(drawings.iterdir())) == []


def test_pictures_of_one_outline_in_other_colours_are_not_alike(tmp_path):
    for name in ("red", "blue"):
        Image.new("RGB", (20, 20), name).save(tmp_path / f"{name}.png")
    assert near_duplicates(opened(tmp_path), 2) == []


def test_duplicates_are_found_across_blocks(drawings, monkeypatch):
    monkeypatch.setattr("ganzoo.data.duplicates.BLOCK", 3)
    assert near_duplicates(opened(drawings, size=64), 10) == [[2, 8], [5, 9]]


def test_a_contact_sheet_covers_the_whole_set(folder):
    data = opened(folder)
    assert torch.equal(contact_sheet(data, 3), data.batch(torch.tensor([0, 4, 8]))[0])
    assert len(contact_sheet(data)) == 9


@pytest.mark.parametrize(("count", "channels", "size"), [(9, 3, (64, 8)), (3, 1, (24, 8))])
def test_a_notebook_shows_the_pictures(tmp_path, count, channels, size):
    data = opened(write_pictures(tmp_path / "images", count), channels=channels)
    with Image.open(io.BytesIO(data._repr_png_())) as sheet:
        assert (sheet.size, sheet.mode) == (size, "RGB" if channels == 3 else "L")
    assert repr(data).startswith(f"<images: {count} images made 8x8")
