"""A folder of images: what it holds, what it skips, and that it is packed once."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile
from torch.testing import assert_close

from ganzoo.data.packing import decode
from ganzoo.data.packing.walk import Fingerprint, FoundFile, shown, walk
from ganzoo.errors import DataError
from image_files import (
    BROKEN,
    SIZE,
    decoded,
    encoded,
    everything,
    noise,
    opened,
    packs,
    write_broken,
    write_pictures,
)

pytestmark = pytest.mark.usefixtures("home")


# What it holds


@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_in_the_order_of_their_paths(folder, channels):
    data = opened(folder, channels=channels)
    assert (len(data), data.sample_shape) == (9, (channels, SIZE, SIZE))
    assert (data.num_classes, data.class_names, data.kind) == (None, None, "image")
    images, labels = data.batch(torch.tensor([8, 0, 0]))
    assert (images.dtype, labels) == (torch.float32, None)
    files = sorted(folder.rglob("*.png"))
    wanted = [decoded(files[row], channels=channels) for row in (8, 0, 0)]
    assert_close(images, torch.stack(wanted))


def test_sub_folders_are_classes_where_they_are_asked_for(folder):
    (folder / "B").mkdir()
    (folder / "a" / "000.png").rename(folder / "B" / "first.png")
    data = opened(folder, labels=True)
    assert (data.num_classes, data.class_names) == (4, ("B", "a", "b", "c"))
    _, labels = data.batch(torch.arange(9))
    assert labels.dtype == torch.int64
    assert labels.tolist() == [0, 1, 1, 2, 2, 2, 3, 3, 3]
    assert data.content_hash() != opened(folder).content_hash()


def test_a_class_is_the_first_folder_however_deep_an_image_lies(folder):
    deep = folder / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (folder / "c" / "002.png").rename(deep / "002.png")
    _, labels = opened(folder, labels=True).batch(torch.arange(9))
    assert labels.tolist() == [0] * 4 + [1] * 3 + [2] * 2


def test_an_image_of_no_class_is_refused(folder):
    noise(1).save(folder / "z.png")
    with pytest.raises(DataError, match=r"z\.png is not in a sub-folder: with labels, the first"):
        opened(folder, labels=True)
    assert len(opened(folder)) == 10


def test_hidden_files_linked_folders_and_other_files_are_passed_over(folder, tmp_path):
    for name in (".hidden.png", "readme.txt", "png", "data.h5"):
        (folder / name).write_bytes(encoded(noise(0), "PNG"))
    write_pictures(folder / ".hidden", 3)
    (folder / "linked").symlink_to(write_pictures(tmp_path / "others", 3))
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    assert len(opened(folder)) == 9


def test_a_linked_file_counts_and_endings_are_read_in_any_case(folder, tmp_path):
    noise(77).save(tmp_path / "far.png")
    (folder / "a" / "Z.PNG").symlink_to(tmp_path / "far.png")
    data = opened(folder)
    assert len(data) == 10
    assert_close(everything(data)[3], decoded(tmp_path / "far.png"))


def test_names_of_any_bytes_are_taken(tmp_path):
    root = os.fsencode(write_pictures(tmp_path / "images", 3))
    for name in (b"\xff\xfe.png", b"line\nbreak.png", "été [red].png".encode()):
        Path(os.fsdecode(root + b"/" + name)).write_bytes(encoded(noise(5), "PNG"))
    broken = Path(os.fsdecode(root + b"/a\n\xff.png"))
    broken.touch()
    assert len(opened(tmp_path / "images")) == 6
    with pytest.raises(DataError, match=r"a\\n\\xff\.png cannot be used \(empty file\)"):
        opened(tmp_path / "images", strict=True)


@given(st.binary(max_size=30))
def test_any_path_is_shown_in_one_line(path):
    assert len(shown(path).splitlines()) <= 1
    assert shown(path).isprintable()


@pytest.fixture
def heif_plugin(monkeypatch):
    """A stand-in for pillow-heif, whose pictures are black and begin with FAKEHEIC."""

    class FakeHeif(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            self._mode, self._size = "RGB", (9, 9)

        def load(self):
            self.im = Image.new("RGB", self.size).im

    def register():
        Image.register_open("HEIF", FakeHeif, lambda prefix: prefix.startswith(b"FAKEHEIC"))
        Image.register_extension("HEIF", ".heic")

    Image.init()
    for known in ("OPEN", "EXTENSION", "ID"):
        monkeypatch.setattr(Image, known, getattr(Image, known).copy())
    monkeypatch.setitem(sys.modules, "pillow_heif", SimpleNamespace(register_heif_opener=register))
    caches = (decode._formats, decode.suffixes, decode.unreadable_suffixes)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


# What it skips


@pytest.fixture
def mixed(folder) -> Path:
    """The nine sound images, and every broken one."""
    write_broken(folder / "b")
    return folder


def test_broken_images_are_named_in_one_line_and_skipped(mixed, home, caplog):
    data = opened(mixed)
    assert len(data) == 9
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert line.startswith(
        "8 of 17 images could not be used: b/half.jpg and 1 more (truncated), b/program.png and 1 "
        "more (not an image in a known format), b/bomb.png (too many pixels), and 3 more in "
    )
    assert line.endswith("unusable.txt; --strict stops at them")
    (pack,) = packs(home)
    rows = [line.split("\t") for line in (pack / "unusable.txt").read_text().splitlines()]
    assert dict(rows) == {f"b/{name}": reason for name, (_, reason) in BROKEN.items()}
    sound = [file for file in sorted(mixed.rglob("*")) if file.name[0].isdigit()]
    assert_close(everything(data), torch.stack([decoded(file) for file in sound]))


def test_strict_stops_at_the_first(mixed):
    text = r"images/b/bomb.png cannot be used \(too many pixels\); repair or remove it"
    with pytest.raises(DataError, match=text):
        opened(mixed, strict=True)
    assert len(opened(mixed)) == 9  # goes on from there
    with pytest.raises(DataError, match=text):
        opened(mixed, strict=True)  # and of a pack that is whole


def test_strict_has_nothing_against_sound_images(folder):
    assert len(opened(folder, strict=True)) == 9


def write_foreign(folder: Path) -> Path:
    """Files of formats that cannot be decoded: three HEICs, a raw file and a drawing."""
    for name in ("IMG_1.HEIC", "a/IMG_2.heic", "a/IMG_3.heic", "b/DSC_1.NEF", "logo.svg"):
        (folder / name).write_bytes(b"whatever it holds")
    return folder


def test_pictures_of_other_formats_are_named_with_what_helps(folder, caplog, home):
    assert len(opened(write_foreign(folder))) == 9
    assert caplog.messages[-1].startswith(
        "5 of 14 images could not be used: IMG_1.HEIC and 2 more (HEIC; pip install pillow-heif), "
        "b/DSC_1.NEF (a camera's raw file; export it as JPEG or PNG), logo.svg (a vector drawing; "
        "export it as PNG); --strict stops at them"
    )
    for _ in range(2):
        with pytest.raises(DataError, match=r"IMG_1.HEIC cannot be used \(HEIC; pip install"):
            opened(folder, strict=True)


def test_a_folder_of_other_formats_says_what_helps(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.heic").touch()
    with pytest.raises(DataError, match=r"no usable image, .*; 1.heic \(HEIC; pip install"):
        opened(tmp_path / "images")


def test_pictures_that_cannot_be_read_make_no_class(folder):
    (write_foreign(folder) / "raws").mkdir()
    (folder / "raws" / "1.dng").touch()
    assert opened(folder, labels=True).class_names == ("a", "b", "c")


def test_heic_is_decoded_once_its_plugin_is_there(folder, caplog, heif_plugin):
    (folder / "one.heic").write_bytes(b"FAKEHEIC")
    data = opened(folder)
    assert (len(data), caplog.messages) == (10, [])
    assert_close(everything(data)[9], torch.ones(3, SIZE, SIZE).mul(-1))


def test_a_broken_image_that_is_mended_is_taken(folder, caplog):
    (folder / "a" / "0.png").touch()
    assert len(opened(folder)) == 9
    noise(3).save(folder / "a" / "0.png")
    caplog.clear()
    assert len(opened(folder)) == 10
    assert not caplog.records or "could not" not in caplog.text


def test_a_link_to_nothing_is_named(folder, caplog):
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    assert len(opened(folder)) == 9
    assert "1 of 10 images could not be used: gone.png (a link to nothing);" in caplog.text


def test_what_must_not_be_read_is_named_until_it_may_be(folder, caplog, monkeypatch):
    locked_file = folder / "b" / "001.png"
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda file, mode: Path(file) != locked_file)
    assert len(opened(folder)) == 8
    assert "1 of 9 images could not be used: b/001.png (no permission to read it);" in caplog.text
    monkeypatch.setattr(os, "access", allowed)
    assert len(opened(folder)) == 9


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_must_not_be_read_is_named(folder, caplog):
    (folder / "a").chmod(0)
    try:
        assert len(opened(folder)) == 6
    finally:
        (folder / "a").chmod(0o700)
    assert "a/ (no permission to read it)" in caplog.text


# What it refuses


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: None, "there is no folder .*/images"),
        (lambda path: path.write_text("a file"), "images is a file; give the folder that"),
        (lambda path: path.mkdir(), "images contains no images: no file name ends in .png or"),
        (lambda path: write_pictures(path, 1), "images holds only one usable image, and a data"),
        (
            lambda path: (write_pictures(path, 1), (path / "x.png").touch()),
            r"only one usable image, and a data set needs at least two; x.png \(empty file\)",
        ),
        (
            lambda path: (path.mkdir(), (path / "x.png").touch()),
            r"images holds no usable image, .*at least two; x.png \(empty file\)",
        ),
    ],
)
def test_what_gives_no_data_set_is_refused(tmp_path, make, text):
    make(tmp_path / "images")
    for _ in range(2):  # the second time, what is known already says the same
        with pytest.raises(DataError, match=text):
            opened(tmp_path / "images")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"size": 0}, "size must be 1 or more, found 0"),
        ({"channels": 4}, "channels is 1 or 3, or 4 with background=keep, found 4"),
    ],
)
def test_what_no_image_can_be_is_refused(folder, arguments, text):
    with pytest.raises(DataError, match=text):
        opened(folder, **arguments)


# Memory and devices


def test_a_batch_may_be_empty(folder):
    images, labels = opened(folder, labels=True).batch(torch.zeros(0, dtype=torch.int64))
    assert (images.shape, labels.shape) == ((0, 3, SIZE, SIZE), (0,))


@pytest.mark.parametrize("row", [-1, 9])
def test_a_row_that_is_not_there_is_refused(folder, row):
    with pytest.raises(IndexError, match=f"rows are 0 to 8, found {row} to {row}"):
        opened(folder).batch(torch.tensor([row]))


def test_a_pack_that_loses_its_end_while_it_is_read_is_told(folder, home):
    data = opened(folder)
    (pack,) = packs(home)
    os.truncate(pack / "pixels.u8", 100)
    with pytest.raises(
        DataError, match="pixels.u8 was truncated; start again to pack the images anew"
    ):
        everything(data)
    assert len(everything(opened(folder))) == 9


def test_images_go_to_a_device_that_has_room(folder, monkeypatch):
    data = opened(folder, labels=True)
    for device in ("cpu", "meta"):  # the latter stands for a GPU
        data.to(torch.device(device))
        assert {tensor.device.type for tensor in data.batch(torch.arange(4))} == {"cpu"}
    for module in ("devices", "packing.rows"):
        monkeypatch.setattr(f"ganzoo.data.{module}.has_room", lambda *_: True)
    data.to(torch.device("meta"))
    for tensor, shape in zip(data.batch(torch.arange(4)), [(4, 3, SIZE, SIZE), (4,)], strict=True):
        assert (tensor.device.type, tensor.shape) == ("meta", shape)


def test_rows_are_moved_whole_and_in_order(folder, monkeypatch):
    data = opened(folder)
    before = everything(data)
    monkeypatch.setattr("ganzoo.data.packing.rows.BLOCK", 4)
    copied = data._pixels._copied(torch.device("cpu"))
    assert torch.equal(copied.float().div(127.5).sub(1), before)


def test_a_folder_is_a_data_set_by_name(tiny_world, folder):
    from ganzoo import Dataset
    from ganzoo.build import build
    from ganzoo.specs import Part

    data = build(Dataset, Part("folder", {"path": str(folder), "size": SIZE, "channels": 3}))
    assert len(data) == 9


# Walking


def test_a_fingerprint_knows_no_order_and_every_difference():
    files = [FoundFile(b"a", 1, 2), FoundFile(b"b", 1, 2), FoundFile(b"a", 1, 2)]
    others = [
        files[:2],
        [*files[:2], FoundFile(b"c", 1, 2)],
        [*files[:2], FoundFile(b"a", 2, 2)],
        [*files[:2], FoundFile(b"a", 1, 3)],
        [*files[:2], FoundFile(b"a", 1, 2, "broken")],
    ]

    def fingerprint(found):
        made = Fingerprint()
        for file in found:
            made.add(file)
        return str(made)

    assert fingerprint(files) == fingerprint(reversed(files))
    assert fingerprint(files) not in map(fingerprint, others)


def test_a_walk_that_is_left_closes_what_it_opened(folder):
    next(walks := walk(folder, {".png"}))
    walks.close()  # pytest makes an error of a folder that is left open
