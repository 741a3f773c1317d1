"""`ganzoo data`."""

from __future__ import annotations

import json

import pytest
from PIL import Image

import commands
from image_files import noise, write_broken, write_pictures

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def shown(capsys, monkeypatch, tmp_path):
    """Run `ganzoo data ...` in an empty folder: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = commands.ganzoo("data", *words)
        return code, *capsys.readouterr()

    return run


def test_a_folder_of_pictures_is_shown(shown, tmp_path):
    folder = write_broken(write_pictures(tmp_path / "photos", 70, (40, 30)))
    for number in range(30):
        (folder / f"{number}.HEIC").touch()
    noise(0, (40, 30)).save(folder / "again.png", compress_level=0)
    code, out, err = shown("photos")
    assert (code, err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines() if line[0] != " ")
    assert rows["samples"] == "71 of shape 3x64x64 (image)"
    assert rows["sizes"] == "smallest 40x30, median 40x30, largest 40x30"
    assert rows["left"].startswith("out    38 of 109 files; all in ")
    assert "0.HEIC and 29 more: HEIC; pip install pillow-heif" in out
    assert rows["same"] == "file   1 to spare: a/000.png = again.png"
    assert rows["next"] == "ganzoo train --data folder:photos"
    options = ["--fit", "pad", "--background", "keep", "--size", "[32,64]", "-o", "b.png"]
    _, out, _ = shown("photos", *options)
    assert out.splitlines()[-1].split(maxsplit=1)[1] == (
        "ganzoo train --data folder:photos --set 'data.arguments.size=[32,64]' "
        "--set data.arguments.channels=4 --set data.arguments.fit=pad "
        "--set data.arguments.background=keep"
    )
    with Image.open(tmp_path / "data.png") as sheet:
        assert sheet.size == (8 * 66 + 2, 8 * 66 + 2)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (("--size", "[100,120]"), "--set data.arguments.size=128 --set data.arguments.fit=pad"),
        (("--size", "100", "--fit", "stretch"), "--set data.arguments.size=128"),
        (("--size", "[64,96]"), "--set 'data.arguments.size=[64,96]'"),
    ],
)
def test_the_next_command_takes_a_size_that_the_networks_make(shown, tmp_path, options, settings):
    write_pictures(tmp_path / "photos", 3, (40, 30))
    code, out, _ = shown("photos", *options)
    last = out.splitlines()[-1]
    assert code == 0 and settings in last
    assert ("but         own pictures are not trained at" in out) == ("[64,96]" not in out)


def test_options_change_what_is_shown(shown, tmp_path):
    write_pictures(tmp_path / "photos", 6, (40, 30))
    words = ("--size", "[24,32]", "--background", "keep", "--fit", "pad", "--labels", "--json")
    code, out, _ = shown("folder:photos", *words, "-o", "sheet.webp")
    record = json.loads(out)
    assert (code, record["shape"], record["sheet"]) == (0, [4, 24, 32], "sheet.webp")
    assert record["classes"] == {"a": 2, "b": 2, "c": 2}
    assert record["data"]["arguments"]["fit"] == "pad"
    assert (tmp_path / "sheet.webp").is_file()


def test_classes_are_told_to_both_networks_by_the_next_command(shown, tmp_path):
    write_pictures(tmp_path / "photos", 6, (40, 30))
    _, out, _ = shown("photos", "--labels")
    last = out.splitlines()[-1]
    assert "data.arguments.labels=true --set generator.arguments.num_classes=3" in last
    assert last.endswith("--set discriminator.arguments.num_classes=3")


def test_a_data_set_is_shown_by_name(shown, tmp_path):
    code, out, _ = shown("mnist-mini", "-o", "digits.png")
    assert code == 0
    assert "2,000 of shape 1x28x28 (image)" in out and "10: 0 200, 1 200" in out
    assert "next" not in out and (tmp_path / "digits.png").is_file()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("nowhere",), 2, "there is no dataset 'nowhere'; "),
        (("./nowhere",), 1, "there is no folder "),
        (("folder:",), 2, "folder: needs a path, such as folder:photos/"),
        (("photos", "--size", "large"), 2, "--size is a side such as 64, or [64,96], found"),
        (("photos", "-o", "a.txt"), 2, "a.txt: images are written as .png, "),
        (("ring", "--fit", "pad"), 2, "fit"),
    ],
)
def test_what_cannot_be_shown_says_why(shown, tmp_path, words, code, text):
    write_pictures(tmp_path / "photos", 3)
    found = shown(*words)
    assert found[0] == code
    assert text in found[2] and found[2].count("\n") == 1
