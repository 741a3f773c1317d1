"""`ganzoo show`: samples on the terminal."""

from __future__ import annotations

import base64
import io
import os
import re
import threading
from pathlib import Path

import pytest
from PIL import Image

import commands
from ganzoo.terminal_pictures import cell, drawn, graphics, part_of_grid


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty", "COLORTERM": "truecolor"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "foot", "COLORTERM": "truecolor"}, "sixel"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230805"}, "sixel"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "210401"}, "blocks-256"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "blocks-24"),
        ({"TERM": "tmux-256color", "TMUX": "a", "KITTY_WINDOW_ID": "1"}, "blocks-256"),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, None),
        ({"WT_SESSION": "a"}, "blocks-24"),
        ({}, None),
    ],
)
def test_the_environment_says_what_a_terminal_shows(environment, kind):
    assert graphics(environment) == kind


def grid(side=28, cells=4):
    """A grid as samples.png is: black lines of two pixels around cells that are not black."""
    picture = Image.new("RGB", (cells * (side + 2) + 2,) * 2)
    for place in range(cells * cells):
        colour = (250, 40 * (place % 6), 10 * place)
        corner = (2 + place % cells * (side + 2), 2 + place // cells * (side + 2))
        picture.paste(colour, (*corner, corner[0] + side, corner[1] + side))
    return picture


def test_a_grid_is_cut_between_samples():
    assert cell(grid()) == 30 and cell(Image.new("RGB", (50, 20), "white")) == 50
    assert part_of_grid(grid(), 80, 24).size == (80, 41), "2 of 4 rows, at 20 of 30 pixels"
    assert part_of_grid(grid(), 80, 12).size == (80, 21), "1 row of 4"
    assert part_of_grid(grid(16, 9), 80, 24).size == (74, 38), "samples that fit are not reduced"


ZOO = Path(__file__).parents[2] / "zoo_cards"


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("inpaint-faces", (60, 41)),  # 2 rows of hole, face and answer: as if each were a cell
        ("musegan-chorales", (49, 42)),  # one chorale, as large as the screen
        ("alphabet-letters", (80, 41)),  # A to D of two alphabets, which have no lines between
    ],
)
def test_samples_that_are_no_small_squares_can_be_made_out(model, size):
    with Image.open(ZOO / model / "samples.png") as picture:
        assert part_of_grid(picture, 80, 21).size == size


def test_a_tall_picture_is_no_taller_than_wide_where_pixels_are_shown():
    found = re.search(r"width=(\d+)px:(.*)\x07", drawn(Image.new("RGB", (32, 90)), "iterm", 80, 24))
    with Image.open(io.BytesIO(base64.b64decode(found[2]))) as shown:
        assert shown.size == (480, 480)


def read_blocks(text):
    """The pixels of half blocks of 24 bits."""
    rows = []
    for line in text.splitlines():
        upper, lower = [], []
        for match in re.finditer(r"\x1b\[38;2;([\d;]+);48;2;([\d;]+)m(▀+)", line):
            for row, colour in ((upper, match[1]), (lower, match[2])):
                row += [tuple(map(int, colour.split(";")))] * len(match[3])
        rows += [upper, lower]
    return rows


def test_half_blocks_have_the_picture_s_colours():
    rows = read_blocks(drawn(grid(16, 2), "blocks-24", 80, 27))
    wanted = [grid(16, 2).getpixel((x, y)) for y in range(38) for x in range(38)]
    assert [pixel for row in rows for pixel in row] == wanted
    few = drawn(grid(16, 2), "blocks-256", 80, 27)
    assert "38;5;16;48;5;16m" in few and "38;5;196;48;5;196m" in few


def test_graphics_carry_the_whole_picture():
    kitty = drawn(grid(), "kitty", 80, 27)
    pieces = re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", kitty)
    iterm = re.search(r"width=(\d+)px:(.*)\x07", drawn(grid(), "iterm", 80, 27))
    for data in ("".join(pieces), iterm[2]):
        with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
            assert shown.size == (366, 366) and shown.getpixel((10, 10)) == (250, 0, 0)
    assert iterm[1] == "366" and all(len(piece) <= 4096 for piece in pieces)


def test_sixels_are_drawn_in_bands():
    text = drawn(Image.new("RGB", (480, 12), (255, 0, 0)), "sixel", 80, 27)
    assert text == '\x1bPq"1;1;480;12#1;2;100;0;0#1!480~$-#1!480~$-\x1b\\\n'


@pytest.fixture
def shown(capsys):
    """Run `ganzoo show ...`: (exit code, output, error)."""
    return lambda *words: (commands.ganzoo("show", *words), *capsys.readouterr())


def test_a_pipe_gets_a_picture_only_if_it_asks(shown, tmp_path):
    assert "▀" not in shown("dcgan-mnist")[1]
    assert "▀" in shown("dcgan-mnist", "--picture")[1]
    assert "▀" not in shown("dcgan-mnist", "--picture", "--json")[1]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
@pytest.mark.parametrize(
    ("changed", "words", "there"),
    [
        ({}, (), True),
        ({}, ("--no-picture",), False),
        ({"NO_COLOR": "1"}, (), False),
        ({"TERM": "dumb"}, (), False),
    ],
)
def test_a_terminal_gets_a_picture(monkeypatch, changed, words, there):
    for name in ("NO_COLOR", "COLORTERM", "KITTY_WINDOW_ID", "TMUX", "TERM_PROGRAM", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm-256color"} | changed).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    leader, follower = os.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal, os.fdopen(leader, "rb") as reader:
        monkeypatch.setattr("sys.stdout", terminal)
        seen = []
        listener = threading.Thread(target=lambda: seen.extend(read_all(reader)), daemon=True)
        listener.start()
        assert commands.ganzoo("show", "dcgan-mnist", *words) == 0
        terminal.flush()
        terminal.write("END")
        terminal.flush()
        listener.join(10)
    text = b"".join(seen).decode()
    assert ("▀" in text) is there and "generator" in text
    picture = text.splitlines()[-21:]
    assert all(("▀" in line) is there for line in picture[:-1]), "in sight, below the card's text"


def read_all(reader):
    """What a terminal shows until END."""
    text = b""
    while not text.endswith(b"END"):
        text += reader.read1(4096)
    return [text]
