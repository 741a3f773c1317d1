"""Pictures on a terminal: in its own graphics where it has some, else as half blocks of colour.

What a terminal can show is read from the environment; nothing is asked of the terminal, whose
answer might come late or never.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

#: Terminals by TERM_PROGRAM and by the beginning of TERM, with the graphics that all versions show.
PROGRAMS = {"iTerm.app": "iterm", "WezTerm": "iterm", "mintty": "iterm", "ghostty": "kitty"}
TERMS = {"xterm-kitty": "kitty", "xterm-ghostty": "kitty", "foot": "sixel", "mlterm": "sixel"}
#: The version since which Konsole shows sixels.
KONSOLE = 220400
#: A picture is enlarged by whole factors to about so many pixels in width, or reduced to them.
WIDE = 480
#: Half blocks along a sample's shorter side, about, and the most lines that a picture takes.
CELL, LINES = 20, 24
#: Pixels from which a sample is as large as the terminal: a sheet of notes at 20 shows nothing.
LARGE = 128
#: Lines that a picture leaves free: for what stands below it and for the shell's prompt.
FREE = 3
#: Pixels along a sample of a picture whose samples cannot be told apart, such as an alphabet's.
SAMPLE = 32
#: Lines between the samples of a grid, as `ganzoo.writers.images` draws them, and wider ones that
#: a plugin's writer may draw.
LINE, MARGIN = 2, 8


def graphics(environment: Mapping[str, str] = os.environ) -> str | None:
    """`kitty`, `iterm`, `sixel`, `blocks-24` (bits), `blocks-256`, or None for a poor terminal."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    inside = "TMUX" in environment or term.startswith(("screen", "tmux"))
    own = None if inside else _own_graphics(environment, term, program)
    if own is not None:
        return own
    if term == "dumb":
        return None
    if (
        "WT_SESSION" in environment
        or environment.get("COLORTERM") in ("truecolor", "24bit")
        or term.endswith("-direct")
    ):
        return "blocks-24"
    return "blocks-256" if "256color" in term else None


def _own_graphics(environment: Mapping[str, str], term: str, program: str) -> str | None:
    """The protocol of a terminal that shows pixels."""
    if "KITTY_WINDOW_ID" in environment:
        return "kitty"
    if environment.get("LC_TERMINAL") == "iTerm2":  # ssh passes it on
        return "iterm"
    if environment.get("KONSOLE_VERSION", "").isdigit():
        return "sixel" if int(environment["KONSOLE_VERSION"]) >= KONSOLE else None
    by_term = next((TERMS[start] for start in TERMS if term.startswith(start)), None)
    return PROGRAMS.get(program) or by_term


def wanted(asked: bool | None, stream: IO[str]) -> str | None:
    """How to show a picture on a stream, or None: as asked, else where a person is looking.

    Not in pipes, and not where NO_COLOR is set (https://no-color.org).
    """
    if asked is False:
        return None
    kind = graphics()
    if asked:
        return kind or "blocks-256"
    encoding = (getattr(stream, "encoding", None) or "").lower()
    if not stream.isatty() or os.environ.get("NO_COLOR") or not encoding.startswith("utf"):
        return None
    return kind


def drawn(picture: Image.Image, kind: str, columns: int, lines: int) -> str:
    """A picture as text for a terminal of so many columns and lines, all of it in sight."""
    if kind.startswith("blocks"):
        part = part_of_grid(picture, columns, max(1, min(LINES, lines - FREE)))
        return "".join(_blocks(part, deep=kind == "blocks-24"))
    picture = _fitted(picture.convert("RGB"))
    if kind == "sixel":
        return f"{_sixels(picture)}\n"
    return f"{(_kitty if kind == 'kitty' else _iterm)(_png(picture), picture.width)}\n"


# --- Half blocks ----------------------------------------------------------------------------------


def part_of_grid(picture: Image.Image, columns: int, lines: int) -> Image.Image:
    """As many whole samples of a grid as fit, so small that each can still be made out.

    Of a large picture that is no grid, its upper left corner.
    """
    from PIL import Image

    picture = picture.convert("RGB")
    across = cell(picture)
    down = cell(picture.transpose(Image.Transpose.TRANSPOSE))
    if (across, down) == picture.size:
        across, down = min(across, SAMPLE), min(down, SAMPLE)
    side = min(across, down)
    scale = min(1.0, (CELL if side < LARGE else 2 * lines) / side)
    width = _whole(columns / scale, across, picture.width)
    height = _whole(2 * lines / scale, down, picture.height)
    scale = min(scale, columns / width, 2 * lines / height)
    size = (max(1, round(width * scale)), max(2, round(height * scale)))
    return picture.crop((0, 0, width, height)).resize(size, Image.Resampling.BOX)


def cell(picture: Image.Image) -> int:
    """Pixels from one sample of a grid to the next one to the right; the width if it is no grid."""
    if picture.getcolors(1) is not None:
        return picture.width
    steps = (
        step
        for line in (LINE, MARGIN)
        for step in range(line + 2, (picture.width - line) // 2 + 1)
        if (picture.width - line) % step == 0 and _has_lines(picture, line, step)
    )
    return min(steps, default=picture.width)


def _has_lines(picture: Image.Image, line: int, step: int) -> bool:
    """Whether lines in the corner's colour, so many pixels wide, stand every so many pixels."""
    wanted = [(line * picture.height, picture.getpixel((0, 0)))]
    places = range(0, picture.width, step)
    return all(
        picture.crop((x, 0, x + line, picture.height)).getcolors(1) == wanted for x in places
    )


def _whole(room: float, step: int, there: int) -> int:
    """Pixels of as many cells as there is room for, one at least."""
    return min(there, max(1, int((room + LINE) // step)) * step + LINE)


def _blocks(picture: Image.Image, *, deep: bool) -> Iterator[str]:
    """Lines of upper half blocks: the colour of the text above, that of the ground below."""
    width, height = picture.size
    data = picture.tobytes() + bytes(3 * width * (height % 2))
    pixels = [(data[i], data[i + 1], data[i + 2]) for i in range(0, len(data), 3)]
    for top in range(0, height, 2):
        upper = pixels[top * width : (top + 1) * width]
        lower = pixels[(top + 1) * width : (top + 2) * width]
        before = None
        for pair in zip(upper, lower, strict=True):
            if pair != before:
                yield f"\x1b[38;{_colour(pair[0], deep)};48;{_colour(pair[1], deep)}m"
            yield "▀"
            before = pair
        yield "\x1b[0m\n"


def _colour(pixel: tuple[int, int, int], deep: bool) -> str:
    if deep:
        return "2;{};{};{}".format(*pixel)
    return f"5;{_of_256(*pixel)}"


def _of_256(red: int, green: int, blue: int) -> int:
    """The nearest of xterm's colours: 24 greys from 232, and a cube of 6x6x6 from 16."""
    if max(red, green, blue) - min(red, green, blue) < 10:
        grey = round(((red + green + blue) / 3 - 8) / 10)
        return 16 if grey < 0 else 231 if grey > 23 else 232 + grey
    levels = [0 if v < 48 else 1 if v < 115 else (v - 35) // 40 for v in (red, green, blue)]
    return 16 + 36 * levels[0] + 6 * levels[1] + levels[2]


# --- Pixels ---------------------------------------------------------------------------------------


def _fitted(picture: Image.Image) -> Image.Image:
    """A picture about `WIDE` pixels wide; of one that is taller than wide, the upper part."""
    from PIL import Image

    picture = picture.crop((0, 0, picture.width, min(picture.height, picture.width)))
    if picture.width > WIDE:
        size = (WIDE, max(1, round(picture.height * WIDE / picture.width)))
        return picture.resize(size, Image.Resampling.LANCZOS)
    times = max(1, WIDE // picture.width)
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def _kitty(png: bytes, width: int) -> str:
    """Kitty's graphics protocol: a PNG shown at once, in pieces of 4,096 characters."""
    data = base64.b64encode(png).decode("ascii")
    pieces = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    first, last = "a=T,f=100,q=2,", len(pieces) - 1
    return "".join(
        f"\x1b_G{first if i == 0 else ''}m={int(i < last)};{piece}\x1b\\"
        for i, piece in enumerate(pieces)
    )


def _iterm(png: bytes, width: int) -> str:
    """iTerm2's inline images."""
    data = base64.b64encode(png).decode("ascii")
    return f"\x1b]1337;File=inline=1;size={len(png)};width={width}px:{data}\x07"


def _sixels(picture: Image.Image) -> str:
    """DEC's sixels: bands of six rows, of each colour a line of columns of six bits.

    Colours count from 1: Konsole fills the rest of the last band with colour 0, which stays black.
    """
    indexed = picture.quantize(255)
    width, height = indexed.size
    palette, pixels = indexed.getpalette() or [], indexed.tobytes()
    text = [f'\x1bPq"1;1;{width};{height}']
    for number in sorted(set(pixels)):
        parts = (round(value * 100 / 255) for value in palette[3 * number : 3 * number + 3])
        text.append(f"#{number + 1};2;{';'.join(map(str, parts))}")
    for top in range(0, height, 6):
        rows = [pixels[y * width : (y + 1) * width] for y in range(top, min(top + 6, height))]
        for number in sorted(set().union(*rows)):
            columns = [0] * width
            for bit, row in enumerate(rows):
                for x, value in enumerate(row):
                    if value == number:
                        columns[x] |= 1 << bit
            text.append(f"#{number + 1}{_run_lengths(columns)}$")
        text.append("-")
    return f"{''.join(text)}\x1b\\"


def _run_lengths(columns: list[int]) -> str:
    from itertools import groupby

    runs = ((chr(63 + bits), len(list(run))) for bits, run in groupby(columns))
    return "".join(f"!{n}{letter}" if n > 3 else letter * n for letter, n in runs)
