"""One image file of any kind -> bytes of one size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from ganzoo.data.packing.decode import TURNS, UnusableError, decode, suffixes
from ganzoo.data.picture_form import Form
from image_files import BROKEN, encoded, noise, pixels_of

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)


def quarters(mode="RGB"):
    """32x32: red and green above, blue and grey below."""
    image = Image.new("RGB", (32, 32), RED)
    for colour, place in ((GREEN, (16, 0)), (BLUE, (0, 16)), (GREY, (16, 16))):
        image.paste(colour, (*place, place[0] + 16, place[1] + 16))
    return image.convert(mode)


def corners(file, channels=3):
    """The colours in the middle of the four quarters of a decoded file."""
    pixels = pixels_of(file, 16, channels)
    return [tuple(pixels[:, y, x].tolist()) for y in (3, 12) for x in (3, 12)]


def near(found, wanted, tolerance=3):
    return np.abs(np.array(found) - np.array(wanted)).max() <= tolerance


@pytest.fixture
def write(tmp_path):
    """Write a file of these bytes or this image: `write("a.png", image)`."""

    def write_file(name, what, **options):
        file = tmp_path / name
        if isinstance(what, bytes):
            file.write_bytes(what)
        else:
            what.save(file, **options)
        return file

    return write_file


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.gif", "a.jpg", "a.ppm"])
def test_colours_stay_what_they_are(write, name):
    options = {"subsampling": 0, "quality": 100} if name.endswith("jpg") else {}
    assert near(corners(write(name, quarters(), **options)), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("mode", ["P", "L", "1", "CMYK", "YCbCr"])
def test_every_mode_becomes_colour(write, mode):
    image = quarters().quantize() if mode == "P" else quarters(mode)
    file = write("a.tif" if mode in ("CMYK", "YCbCr") else "a.png", image)
    rgb = image.convert("RGB")
    wanted = [rgb.getpixel(at) for at in ((7, 7), (25, 7), (7, 25), (25, 25))]
    assert near(corners(file), wanted, tolerance=255 if mode == "1" else 3)


def test_a_cmyk_jpeg_becomes_colour(write):
    file = write("a.jpg", quarters("CMYK"), quality=100)
    assert near(corners(file), [RED, GREEN, BLUE, GREY], tolerance=12)


def test_grey_can_be_had_of_colour(write):
    luma = [(76,), (150,), (29,), (128,)]  # ITU-R 601-2
    assert near(corners(write("a.png", quarters()), channels=1), luma)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_an_image_stands_upright(write, name, orientation):
    if name == "a.webp" and not features.check("webp"):
        pytest.skip("this PIL has no WebP")
    back = {  # the turn whose opposite PIL is told
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    turn = TURNS.get(orientation)
    lying = quarters() if turn is None else quarters().transpose(back.get(turn, turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"a.jpg": {"subsampling": 0, "quality": 100}, "a.webp": {"lossless": True}}
    file = write(name, lying, exif=exif, **lossless.get(name, {}))
    assert near(corners(file), [RED, GREEN, BLUE, GREY])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # packing is silent too
def test_a_damaged_exif_turns_nothing(write):
    data = encoded(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=100,
                   subsampling=0)  # fmt: skip
    assert near(corners(write("a.jpg", data)), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_shines_through_is_white(write, mode):
    image = quarters("L" if mode == "LA" else "RGB")
    if mode == "P":
        image = image.quantize(4)
        image.info["transparency"] = image.getpixel((24, 8))
    else:
        alpha = Image.new("L", (32, 32), 255)
        alpha.paste(0, (16, 0, 32, 16))
        image.putalpha(alpha)
    found = corners(write("a.png", image))
    assert near(found[1], (255, 255, 255))
    assert near(found[3], GREY)


def test_half_transparent_is_half_white(write):
    assert near(corners(write("a.png", Image.new("RGBA", (8, 8), (0, 0, 0, 128)))), (127,) * 3)


def test_a_colour_that_stands_for_transparency_is_white(write):
    file = write("a.png", quarters(), transparency=GREEN)
    assert near(corners(file), [RED, (255,) * 3, BLUE, GREY])


@pytest.mark.parametrize(("name", "kind"), [("a.png", "<u2"), ("a.tif", ">u2"), ("b.tif", "<i4")])
def test_sixteen_bits_are_scaled_and_not_clipped(write, name, kind):
    values = np.repeat(np.array([0, 257, 32_768, 65_535]), 16).reshape(8, 8).astype(kind)
    rows = pixels_of(write(name, Image.fromarray(values)), 8, 1)[0]
    assert rows[::2, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_image_is_taken(write, form):
    if form == "WEBP" and not features.check("webp"):
        pytest.skip("this PIL has no WebP")
    options = {"lossless": True} if form == "WEBP" else {}
    later = [Image.new("RGB", (32, 32), "black"), Image.new("RGB", (32, 32), "white")]
    data = encoded(quarters(), form, save_all=True, append_images=later, **options)
    assert near(corners(write("a.gif", data)), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("size", [(80, 32), (32, 80), (33, 32)])
def test_the_middle_is_taken(write, size):
    wide = Image.new("RGB", size, "white")
    wide.paste(quarters(), ((size[0] - 32) // 2, (size[1] - 32) // 2))
    assert near(corners(write("a.png", wide)), [RED, GREEN, BLUE, GREY])


def test_small_images_grow_and_large_ones_are_smoothed(write):
    board = np.indices((64, 64)).sum(0) % 2 * 255  # what no antialiasing would leave black or white
    file = write("a.png", Image.fromarray(board.astype(np.uint8)))
    pixels = pixels_of(file, 8, 1)
    assert np.abs(pixels.astype(int) - 127.5).max() < 3
    assert pixels_of(file, 200).shape == (3, 200, 200)


def test_a_large_jpeg_is_as_if_it_had_been_decoded_whole(write):
    ramp = np.linspace(0, 255, 512).astype(np.uint8)
    image = Image.fromarray(np.stack([np.tile(ramp, (512, 1))] * 3, 2))
    quick = pixels_of(write("a.jpg", image, quality=95), 16)
    whole = pixels_of(write("a.png", image), 16)
    assert np.abs(quick.astype(int) - whole).max() <= 2


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_why(write, name):
    make, reason = BROKEN[name]
    with pytest.raises(UnusableError, match=f"^{reason}$"):
        decode(write(name, make()), Form.of(8, 3))


def test_an_image_above_pils_limit_is_refused(write, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 600)
    with pytest.raises(UnusableError, match="32x32 pixels are too many"), pytest.warns():
        decode(write("a.png", quarters()), Form.of(8, 3))


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(UnusableError, match="no such file"):
        decode(tmp_path / "none.png", Form.of(8, 3))


def test_what_runs_a_program_is_no_image():
    assert {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif"} <= suffixes()
    assert not {".eps", ".ps", ".pdf", ".mpg", ".h5"} & suffixes()


SOUND = [encoded(noise(1, (20, 20)), form) for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM")]


@pytest.mark.filterwarnings("ignore")  # PIL's, on what it reads; packing is silent too
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4),
    st.integers(0, 2000),
)
def test_damage_anywhere_gives_an_image_or_a_reason(tmp_path_factory, data, changes, end):
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(damaged[: max(1, end)])
    try:
        assert len(decode(file, Form.of(4, 3)).pixels) == 3 * 4 * 4
    except UnusableError as error:
        reason = str(error)
        assert 0 < len(reason) <= 80 and len(reason.splitlines()) == 1
