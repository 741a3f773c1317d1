"""Pictures of any shape, and of several: how they are fitted, packed, trained on and measured."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from torch.testing import assert_close

import commands
from ganzoo import Generator
from ganzoo.augmentations import DiffAugment, Flip, cutout, flip, translation
from ganzoo.build import build, fitted, size_from
from ganzoo.data.mnist import MNISTMini
from ganzoo.data.packing import fill as filling
from ganzoo.data.packing import folder_pack as packing
from ganzoo.data.packing.decode import TURNS, decode
from ganzoo.data.packing.manifest import Manifest
from ganzoo.data.packing.pack import PackRequest, Treatment
from ganzoo.data.picture_form import Form
from ganzoo.engine.run.film import make_film
from ganzoo.errors import DataError
from ganzoo.extractors.networks import Decoder, EncoderExtractor
from ganzoo.importing.model import Import, beside
from ganzoo.specs import Part
from ganzoo.testing.game_data import fitting_part
from ganzoo.writers.images import columns_for, write_images
from image_files import encoded, everything, noise, opened, packs, pixels_of, write_pictures
from measuring import measuring_plugin
from tiny import tiny_plugin

pytestmark = pytest.mark.usefixtures("home")

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
WIDE = [16, 32]


def quarters(width: int, height: int) -> Image.Image:
    """Red and green above, blue and grey below."""
    image = Image.new("RGB", (width, height), RED)
    for colour, place in ((GREEN, (1, 0)), (BLUE, (0, 1)), (GREY, (1, 1))):
        left, upper = place[0] * width // 2, place[1] * height // 2
        image.paste(colour, (left, upper, left + width // 2, upper + height // 2))
    return image


def at(pixels: np.ndarray, row: int, column: int) -> tuple[int, ...]:
    return tuple(pixels[:, row, column].tolist())


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the four corners, row by row."""
    return [at(pixels, row, column) for row in (0, -1) for column in (0, -1)]


@pytest.fixture
def save(tmp_path):
    """Write an image: `save("a.png", image)`."""

    def write(name: str, image: Image.Image, **options: object) -> Path:
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return write


# --- What is asked for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"size": "64"}, r"size is a side in pixels, or \[height, width\], found '64'"),
        ({"size": [1, 2, 3]}, r"or \[height, width\], found \[1, 2, 3\]"),
        ({"size": [16, 32.0]}, r"or \[height, width\], found \[16, 32.0\]"),
        ({"size": True}, "found True"),
        ({"size": None}, "found None"),
        ({"size": [16, 0]}, r"size must be 1 or more, found \[16, 0\]"),
        ({"channels": 4}, "channels is 1 or 3, or 4 with background=keep, found 4"),
        ({"fit": "corp"}, "fit is crop, pad or stretch, found 'corp'; did you mean 'crop'?"),
        ({"fit": ["pad"]}, r"fit is crop, pad or stretch, found \['pad'\]"),
        ({"background": "blakc"}, "found 'blakc'; did you mean 'black'"),
        ({"background": "kep"}, "or keep, found 'kep'; did you mean 'keep'?"),
        ({"background": "#12345"}, "or keep, found '#12345'; such as black"),
        ({"background": "#00000000"}, "found '#00000000'"),
        ({"background": 0}, "or keep, found 0; such as black"),
        ({"background": "keep"}, "background=keep makes 4 channels, .* found channels 3; give"),
    ],
)
def test_what_cannot_be_is_one_line(folder, asked, text):
    with pytest.raises(DataError, match=text) as told:
        opened(folder, **asked)
    assert len(str(told.value).splitlines()) == 1


def test_one_form_has_one_name():
    square = Form.of(8, 3)
    assert Form.of([8, 8], 3) == Form.of((8, 8), 3, "crop", "#FFF") == square
    assert Form.of(8, 3, background="Black") == Form.of(8, 3, background="#000000")
    assert str(square) == "8x8"
    assert str(Form.of(WIDE, 1, "pad", "black")) == "32x16 grey, padded, on #000000"
    assert str(Form.of(WIDE, 4, background="keep")) == "32x16, alpha kept"


# --- How a picture is fitted ------------------------------------------------------------------


def test_the_middle_of_a_rectangle_is_cropped(save):
    """48x16 of which the middle third is quarters: 32x16 shows it and half of each neighbour."""
    image = Image.new("RGB", (64, 16), WHITE)
    image.paste(quarters(32, 16), (16, 0))
    assert corners(pixels_of(save("a.png", image), WIDE)) == [RED, GREEN, BLUE, GREY]


@pytest.mark.parametrize(("sides", "bars"), [((32, 32), "side"), ((64, 16), "upper")])
@pytest.mark.parametrize(
    ("asked", "colour"), [({}, WHITE), ({"background": "#0a0b0c"}, (10, 11, 12))]
)
def test_a_padded_picture_is_whole_on_its_background(save, sides, bars, asked, colour):
    pixels = pixels_of(save("a.png", quarters(*sides)), WIDE, fit="pad", **asked)
    assert corners(pixels) == [colour] * 4
    inner = pixels[:, :, 8:-8] if bars == "side" else pixels[:, 4:-4]
    assert corners(inner) == [RED, GREEN, BLUE, GREY]
    outside = pixels[:, :, :8] if bars == "side" else pixels[:, :4]
    assert (outside == np.array(colour).reshape(3, 1, 1)).all()


def test_a_grey_picture_is_padded_in_colour(save):
    pixels = pixels_of(
        save("a.png", Image.new("L", (16, 16), 7)), WIDE, fit="pad", background="red"
    )
    assert (at(pixels, 8, 0), at(pixels, 8, 16)) == (RED, (7, 7, 7))


def test_a_picture_that_becomes_less_than_a_pixel_wide_is_a_line(save):
    pixels = pixels_of(save("a.png", Image.new("RGB", (2, 900), RED)), 8, fit="pad")
    assert (pixels[:, :, 3] == np.array(RED).reshape(3, 1)).all()
    assert (pixels[:, :, 4:] == 255).all()


def test_a_stretched_picture_fills_its_rectangle(save):
    pixels = pixels_of(save("a.png", quarters(32, 32)), WIDE, fit="stretch")
    assert corners(pixels) == [RED, GREEN, BLUE, GREY]
    assert at(pixels, 4, 8) == RED and at(pixels, 12, 24) == GREY


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_rectangle_stands_upright(save, name, orientation, fit):
    back = {  # the turn whose opposite PIL is told
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    turn = TURNS.get(orientation)
    upright = quarters(64, 32)
    lying = upright if turn is None else upright.transpose(back.get(turn, turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"a.jpg": {"subsampling": 0, "quality": 100}, "a.webp": {"lossless": True}}
    file = save(name, lying, exif=exif, **lossless.get(name, {}))
    assert corners(pixels_of(file, WIDE, fit=fit)) == [
        pytest.approx(colour, abs=4) for colour in (RED, GREEN, BLUE, GREY)
    ]
    assert decode(file, Form.of(WIDE, 3))[1:] == (64, 32)


def test_a_large_jpeg_says_its_own_size_though_it_is_decoded_smaller(save):
    file = save("a.jpg", quarters(640, 320), quality=100, subsampling=0)
    assert decode(file, Form.of(WIDE, 3))[1:] == (640, 320)
    assert corners(pixels_of(file, WIDE)) == [
        pytest.approx(colour, abs=4) for colour in (RED, GREEN, BLUE, GREY)
    ]


# --- Alpha ------------------------------------------------------------------------------------


def clear_half(mode: str = "RGBA") -> Image.Image:
    """16x16: red, of which the right half shines through and hides green."""
    image = Image.new("RGBA", (16, 16), (*RED, 255))
    image.paste((*GREEN, 0), (8, 0, 16, 16))
    return image.convert(mode)


@pytest.mark.parametrize(
    ("asked", "colour"),
    [({}, WHITE), ({"background": "black"}, BLACK), ({"background": "#102030"}, (16, 32, 48))],
)
def test_what_shines_through_is_the_background(save, asked, colour):
    pixels = pixels_of(save("a.png", clear_half()), 16, **asked)
    assert (at(pixels, 8, 2), at(pixels, 8, 13)) == (RED, colour)


@pytest.mark.parametrize("size", [16, 8, WIDE])
def test_alpha_that_is_kept_is_the_fourth_channel_and_hides_nothing(save, size):
    pixels = pixels_of(save("a.png", clear_half()), size, 4, background="keep", fit="pad")
    left, right = pixels[:, :, : pixels.shape[2] // 2], pixels[:, :, pixels.shape[2] // 2 + 1 :]
    assert at(left, 4, left.shape[2] - 4) == (*RED, 255)
    assert not right[:, :, 2:].any()  # nearer, a resized edge has a trace of alpha


def test_a_picture_without_alpha_is_opaque_where_alpha_is_kept(save):
    grey = save("a.jpg", Image.new("L", (16, 16), 9))
    assert at(pixels_of(grey, 16, 4, background="keep"), 3, 3) == (9, 9, 9, 255)
    padded = pixels_of(grey, WIDE, 4, background="keep", fit="pad")
    assert (at(padded, 3, 0), at(padded, 3, 16)) == ((0, 0, 0, 0), (9, 9, 9, 255))


@pytest.mark.parametrize(
    ("name", "corner", "middle"),
    [("g.png", (0, 0, 0, 0), (255, 0, 0, 255)), ("g.jpg", WHITE, (254, 0, 0))],
)
def test_a_grid_keeps_alpha_where_its_format_does(tmp_path, name, corner, middle):
    samples = torch.ones(2, 4, 8, 8)
    samples[:, 1:3] = -1
    (file,) = write_images(samples, tmp_path / name)
    with Image.open(file) as grid:
        assert grid.getpixel((6, 6)) == pytest.approx(middle, abs=15)
        assert grid.getpixel((0, 0)) == pytest.approx(corner, abs=30)


def test_a_film_of_grids_with_alpha_is_on_white(tmp_path):
    for images in (1, 2):
        grid = Image.new("RGBA", (12, 8), (*GREEN, 0))
        grid.paste((*RED, 255), (0, 0, 6, 8))
        grid.save(tmp_path / f"{images:012d}.png")
    with Image.open(make_film(tmp_path)) as film:
        frame = film.convert("RGB")
    assert frame.getpixel((2, 4)) == pytest.approx(RED, abs=12)
    assert frame.getpixel((10, 4)) == pytest.approx(WHITE, abs=12)


# --- Packs ------------------------------------------------------------------------------------


def test_packs_of_all_forms_lie_beside_each_other(folder, home, monkeypatch):
    forms = [
        {"size": size, "fit": fit, "background": background}
        for size in (8, [8, 12], [12, 8])
        for fit in ("crop", "pad", "stretch")
        for background in ("white", "black")
    ]
    before = [opened(folder, **form) for form in forms]
    assert len(packs(home)) == len(forms)
    assert [data.sample_shape[1:] for data in before[::6]] == [(8, 8), (8, 12), (12, 8)]
    monkeypatch.setattr(filling, "decode", None)
    for data, form in zip(before, forms, strict=True):
        assert torch.equal(everything(opened(folder, **form)), everything(data))


def test_rows_of_a_rectangle_are_its_pixels(folder):
    data = opened(folder, size=WIDE, fit="stretch")
    files = sorted(folder.rglob("*.png"))
    wanted = np.stack([pixels_of(file, WIDE, fit="stretch") for file in files])
    assert_close(everything(data), torch.from_numpy(wanted).float() / 127.5 - 1)


def test_packs_of_plain_squares_have_the_key_that_they_always_had():
    root = Path("/a/b")
    assert PackRequest(root, Form.of(8, 3), True).key == "343668ef201e09e275f0a9db"
    assert PackRequest(root, Form.of([64, 64], 1), False).key == "e351252ad7b1657ff0ff4d3f"


def test_a_pack_of_an_earlier_version_is_found_and_says_that_it_did_not_count(
    folder, home, monkeypatch, caplog
):
    pixels = everything(opened(folder, size=16))
    (pack,) = packs(home)
    record = json.loads((pack / "pack.json").read_text())
    old = {key: record[key] for key in record if key not in ("form", "treatment")}
    (pack / "pack.json").write_text(json.dumps(old))
    caplog.clear()
    monkeypatch.setattr(filling, "decode", None)
    again = opened(folder, size=16)
    assert torch.equal(everything(again), pixels)
    assert again.summary == (
        "images: 9 images made 16x16 (packed by an earlier version, which did not count what it "
        "changed)"
    )
    assert not caplog.records


def test_a_packing_that_an_earlier_version_began_goes_on(folder, home, monkeypatch):
    """Its manifest has no columns for sizes."""
    wanted = everything(opened(folder))
    (pack,) = packs(home)
    part = pack.rename(pack.with_name(f"{pack.name}.part"))
    with closing(sqlite3.connect(part / "manifest.sqlite")) as database, database:
        database.execute("UPDATE files SET row = NULL WHERE row > 4")
        for column in ("width", "height"):
            database.execute(f"ALTER TABLE files DROP COLUMN {column}")
    seen = []
    monkeypatch.setattr(filling, "decode", lambda *form: seen.append(1) or decode(*form))
    data = opened(folder)
    assert torch.equal(everything(data), wanted)
    assert len(seen) == 4
    assert "did not count" in data.summary
    with Manifest(packs(home)[0] / "manifest.sqlite") as manifest:
        assert not manifest.is_measured


# --- What was done to how many ----------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path) -> Path:
    """Pictures of 32x16, 64x32, 40x40 and 16x8."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number, size in enumerate([(32, 16), (64, 32), (40, 40), (16, 8)]):
        noise(number, size).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": WIDE}, "made 32x16: from 16x8 to 64x32 pixels, 1 cropped, 1 enlarged"),
        ({"size": 8}, "made 8x8: from 16x8 to 64x32 pixels, 3 cropped"),
        ({"size": 8, "fit": "pad"}, "made 8x8: from 16x8 to 64x32 pixels, 3 padded"),
        ({"size": [4, 8], "fit": "stretch"}, "made 8x4: from 16x8 to 64x32 pixels, 1 stretched"),
        ({"size": 8, "channels": 1}, "made 8x8 grey: from 16x8 to 64x32 pixels, 3 cropped"),
    ],
)
def test_the_summary_says_what_was_done_now_and_the_second_time(mixed, monkeypatch, asked, said):
    first = opened(mixed, **asked)
    assert first.summary == f"mixed: 4 images {said}"
    monkeypatch.setattr(packing, "_make", None)
    assert opened(mixed, **asked).summary == first.summary


def test_pictures_that_are_as_they_should_be_are_none_changed(folder):
    assert opened(folder, size=12).summary == (
        "images: 9 images made 12x12: all 12x12 pixels, none cropped or enlarged"
    )


def test_pictures_that_are_too_small_are_warned_of(mixed, caplog):
    opened(mixed, size=WIDE)
    opened(mixed, size=WIDE)
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert (
        told
        == [
            "1 of 4 images are smaller than 32x16 and were enlarged, which blurs them; choose a "
            "smaller size, or remove them"
        ]
        * 2
    )
    caplog.clear()
    opened(mixed, size=[8, 16])
    assert "enlarged" not in caplog.text


@pytest.mark.parametrize(
    ("fit", "size", "enlarged"),
    [("crop", (40, 8), True), ("pad", (40, 8), False), ("pad", (30, 8), True),
     ("stretch", (30, 20), True), ("crop", (32, 16), False)],
)  # fmt: skip
def test_enlarged_is_what_has_too_few_pixels_for_its_fit(fit, size, enlarged):
    form = Form.of(WIDE, 3, fit)
    assert Treatment.of([(*size, 7)], form).enlarged == 7 * enlarged
    assert Treatment.of([], form) is None


# --- What is made of rectangles ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "height", "width", "columns"),
    [(64, 8, 8, 8), (10, 8, 8, 4), (64, 16, 32, 6), (64, 32, 16, 12), (3, 99, 2, 3), (5, 2, 99, 1)],
)
def test_a_grid_is_about_as_wide_as_it_is_high(count, height, width, columns):
    assert columns_for(count, height, width) == columns


def cells(grid: Path, height: int, width: int) -> list[np.ndarray]:
    """The cells of a grid [H, W, 3], which must fill it, row by row."""
    with Image.open(grid) as opened_grid:
        pixels = np.asarray(opened_grid.convert("RGB"))
    rows, columns = (pixels.shape[0] - 2) / (height + 2), (pixels.shape[1] - 2) / (width + 2)
    assert (rows, columns) == (int(rows), int(columns))
    gutters = [pixels[:: height + 2], pixels[1 :: height + 2]]
    assert not any(gutter.any() for gutter in gutters)
    return [
        pixels[2 + row * (height + 2) :, 2 + column * (width + 2) :][:height, :width]
        for row in range(int(rows))
        for column in range(int(columns))
    ]


@pytest.mark.parametrize(("height", "width"), [(16, 32), (32, 16)])
def test_no_cell_of_a_grid_is_torn(tmp_path, height, width):
    ramp = torch.linspace(-0.9, 0.9, height * width).view(1, 1, height, width)
    samples = ramp.repeat(7, 3, 1, 1) + torch.linspace(0, 0.1, 7).view(7, 1, 1, 1)
    (file,) = write_images(samples, tmp_path / "grid.png")
    found = cells(file, height, width)
    for cell, sample in zip(found, samples, strict=False):
        wanted = sample.add(1).mul(127.5).round().permute(1, 2, 0).numpy()
        assert np.array_equal(cell, wanted)
    assert not np.any(found[7:])


def test_digits_take_a_rectangle_too():
    data = MNISTMini(size=[14, 28])
    assert data.sample_shape == (1, 14, 28)
    square = MNISTMini().batch(torch.arange(3))[0]
    half = torch.nn.functional.interpolate(square, (14, 28), mode="bilinear", antialias=True)
    assert_close(data.batch(torch.arange(3))[0], half, atol=0.01, rtol=0)


def test_flips_shifts_and_cut_outs_are_of_rectangles():
    images = torch.arange(1.0, 2 * 3 * 16 * 32 + 1).view(2, 3, 16, 32)

    def drawing(*values: float):
        return lambda *shape: torch.tensor([values] * 2)

    assert torch.equal(flip(images, torch.zeros(2)), images.flip(-1))
    moved = translation(images, drawing(0.99, 0.0))  # down by 16/8, left by 32/8
    assert torch.equal(moved[:, :, 2:, :-4], images[:, :, :-2, 4:])
    assert not moved[:, :, :2].any() and not moved[:, :, :, -4:].any()
    cut = cutout(images, drawing(0.5, 0.5))
    assert not cut[:, :, 4:12, 8:24].any()
    assert int((cut == 0).sum()) == 2 * 3 * 8 * 16
    rng = torch.Generator().manual_seed(0)
    changed = images
    for augmentation in (DiffAugment(), Flip()):
        changed = augmentation(changed, lambda *shape: torch.rand(shape, generator=rng), None)
    assert changed.shape == images.shape


@pytest.mark.parametrize("shape", [(3, 16, 30), (1, 45, 28)])
def test_encoders_and_their_decoders_take_rectangles(shape):
    extractor = EncoderExtractor("mine", shape, width=2, feature_dim=5).eval()
    features = extractor(torch.zeros(2, *shape))
    assert features.shape == (2, 5)
    assert Decoder(shape, width=2, feature_dim=5)(features).shape == (2, *shape)


def test_others_weights_of_rectangles_get_a_discriminator_of_their_sides():
    part = Part("dcgan", {"size": [32, 64], "channels": 3, "width": 4})
    generator = build(Generator, part)
    found = beside(Import("x", Path("out"), part, Path("x.pth")), generator)
    assert found.arguments == {"size": [32, 64], "channels": 3, "width": 4}


def test_digits_fill_in_for_rectangles_where_a_plugin_has_no_data(tiny_world):
    found = fitting_part(tiny_world, (), (1, 16, 32), None)
    assert found == Part("ganzoo/mnist-mini", {"size": WIDE, "channels": 1})


def test_a_folder_gets_the_generators_sides(tiny_world):
    folder = Part("folder", {"path": "x"})
    assert fitted(folder, (3, 16, 32)).arguments == {"path": "x", "size": WIDE, "channels": 3}
    assert fitted(folder, (1, 28, 28)).arguments == {"path": "x", "size": 28, "channels": 1}
    assert fitted(folder, (2,)) == folder
    assert size_from(16, 16) == 16


# --- A training, and its measures -------------------------------------------------------------


@pytest.fixture
def ganzoo(world, cache, tmp_path, monkeypatch, capsys):
    """Run `ganzoo ...` where 32x16 pictures lie in photos/: (output, error)."""
    world(tiny_plugin(), measuring_plugin())
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "photos", 72, (32, 16))
    noise(99, (20, 20)).save(tmp_path / "photos" / "odd.png")

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        ended = commands.ganzoo(*words)
        said = capsys.readouterr()
        assert ended == code, said.err
        return said.out, said.err

    return run


def parts(shape: list[int]) -> list[str]:
    """The tiny players of a shape on photos/, for two steps."""
    words = ["--generator", "tiny", "--discriminator", "tiny", "--loss", "hinge"]
    for player in ("generator", "discriminator"):
        words += ["--set", f"{player}.arguments.sample_shape={json.dumps(shape)}"]
    return [*words, "--data", "folder:photos/", "--images", "128", "--out", "run"]


def test_rectangles_are_trained_on_drawn_filmed_sampled_and_measured(ganzoo, tmp_path, caplog):
    fast = "optimizers.generator.lr=0.1"  # so that no two grids are alike
    _, said = ganzoo("train", *parts([3, 16, 32]), "--grid-every", "64", "--set", fast)
    assert "1 of 73 images are smaller than 32x16 and were enlarged" in caplog.text
    assert said.splitlines()[0] == (
        "photos: 73 images made 32x16: from 20x20 to 32x16 pixels, 1 cropped, 1 enlarged"
    )
    config = json.loads((tmp_path / "run/export/config.json").read_text())
    assert config["recipe"]["data"]["arguments"]["size"] == WIDE
    for images in (64, 128):
        grid = tmp_path / f"run/samples/{images:012d}.png"
        assert len(cells(grid, 16, 32)) == 66  # 64 in eleven rows of six
    with Image.open(tmp_path / "run/samples/film.webp") as film:
        sizes = [frame.size for frame in ImageSequence.Iterator(film)]
    assert sizes == [(6 * 34 + 2, 11 * 18 + 2)] * 2
    ganzoo("sample", "./run", "-n", "20", "--out", "made")
    with Image.open(tmp_path / "made/00000.png") as made:
        assert made.size == (32, 16)
    words = ("--extractor", "tiny-quarters", "-n", "20", "--json")
    for what, more in (("./run", ()), ("./made", ("--data", "folder:photos/"))):
        out, _ = ganzoo("eval", what, *more, *words)
        report = json.loads(out)
        assert report["figures"]["fd"]["value"] > 0
        assert report["figures"]["swd"]["value"] > 0


def test_a_run_says_again_what_was_done_when_it_goes_on(ganzoo):
    ganzoo("train", *parts([3, 16, 32]), "--quiet")
    _, said = ganzoo("train", *parts([3, 16, 32]), "--images", "192")
    assert said.splitlines()[0].startswith("photos: 73 images made 32x16: from 20x20")
    assert said.splitlines()[1] == (
        "resuming from 128 images; samples in run/samples/ every 192 images"
    )


def test_alpha_is_trained_on_where_it_is_kept(ganzoo, tmp_path):
    words = parts([4, 16, 32])
    _, said = ganzoo("train", *words, code=1)
    assert "channels is 1 or 3, or 4 with background=keep, found 4" in said
    keep = ("--set", "data.arguments.background=keep", "--grid-every", "64")
    ganzoo("train", *words, *keep, "--set", "data.arguments.fit=pad", "--quiet")
    with Image.open(tmp_path / "run/samples/000000000128.png") as grid:
        assert grid.mode == "RGBA"
    assert (tmp_path / "run/samples/film.webp").exists()
    ganzoo("sample", "./run", "-n", "20", "--out", "made")
    words = ("--extractor", "tiny-quarters", "-n", "20", "--json")
    for what in (["./run"], ["./made", "--data", "folder:photos/"]):  # the latter on white
        out, _ = ganzoo("eval", *what, *words)
        assert json.loads(out)["figures"]["fd"]["value"] > 0


def test_players_of_another_shape_than_the_pictures_are_told(ganzoo):
    _, said = ganzoo("train", *parts([3, 16, 32]), "--set", "data.arguments.size=16", code=1)
    assert "samples differ in shape: the data set ganzoo/folder has [3, 16, 16]" in said
    assert "the generator has [3, 16, 32]" in said
    assert "--set 'data.arguments.size=[16,32]'" in said
    assert len(said.splitlines()) <= 2


def test_the_cache_tells_packs_of_one_folder_apart(ganzoo):
    for settings in ((), ("--set", "data.arguments.fit=pad", "--out", "other")):
        ganzoo("train", *parts([3, 16, 32]), *settings, "--quiet")
    out, _ = ganzoo("cache", "list")
    assert [line.rpartition("photos: ")[2] for line in out.splitlines()[1:]] in (
        ["32x16", "32x16, padded"],
        ["32x16, padded", "32x16"],
    )


def test_a_folder_of_rectangles_of_two_sizes_is_refused_by_name(ganzoo, tmp_path):
    """Upright they are 32x16; one lies the other way, and one says so in its EXIF."""
    made = tmp_path / "made"
    made.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(9):
        noise(number, (32, 16)).save(made / f"{number}.png")
    lying = noise(50, (32, 16)).transpose(Image.Transpose.ROTATE_90)
    (made / "turned.jpg").write_bytes(encoded(lying, "JPEG", exif=exif))
    words = ("--data", "folder:photos/", "--extractor", "tiny-quarters", "--json")
    ganzoo("eval", "./made", *words)
    noise(51, (16, 32)).save(made / "zz.png")
    _, said = ganzoo("eval", "./made", *words, code=1)
    assert "pixels, and " in said and "are measured; a resized image would be another one" in said
