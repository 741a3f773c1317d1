"""Piano rolls as pictures: time to the right, pitch upwards, a colour for each track."""

from __future__ import annotations

import io
import math

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from ganzoo_music.harmony import onsets
from ganzoo_music.notes import Legend, Roll

#: Pixels of a step and of a pitch.
CELL = 4
PAPER, BEAT, BAR, OCTAVE = (252, 251, 248), (238, 236, 230), (196, 192, 182), (226, 223, 214)
#: The tracks' colours, and again from the first: told apart in every kind of colour blindness
#: (after Okabe and Ito 2008).
COLOURS = (
    (213, 94, 0),
    (0, 114, 178),
    (0, 158, 115),
    (120, 70, 150),
    (204, 121, 167),
    (90, 90, 90),
)
#: How much of what lies below a note is seen through it.
SEEN_THROUGH = 0.25
#: Pixels between two rolls of a sheet and around them, and their colour.
MARGIN, GROUND = 8, 255


def pictures_of(rolls: Roll, legend: Legend) -> Tensor:
    """Rolls [N, tracks, steps, pitches] as pictures uint8 [N, 3, 4 pitches, 4 steps]."""
    return torch.stack([_picture(roll, legend) for roll in rolls])


def png_bytes(pictures: Tensor) -> bytes:
    """Pictures uint8 [N, 3, H, W] in rows of one PNG image, about as wide as high."""
    n, _, height, width = pictures.shape
    columns = max(1, min(n, math.ceil(math.sqrt(n * height / width))))
    rows = -(-n // columns)
    high, wide = height + MARGIN, width + MARGIN
    sheet = np.full((rows * high + MARGIN, columns * wide + MARGIN, 3), GROUND, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = MARGIN + row * high, MARGIN + column * wide
        sheet[top : top + height, left : left + width] = picture.permute(1, 2, 0).numpy()
    content = io.BytesIO()
    Image.fromarray(sheet).save(content, format="png")
    return content.getvalue()


def _picture(roll: Roll, legend: Legend) -> Tensor:
    canvas = _paper(roll.shape[1], roll.shape[2], legend)
    for number, track in enumerate(roll):
        colour = np.array(COLOURS[number % len(COLOURS)])
        ink = _ink(track)
        canvas[ink] = SEEN_THROUGH * canvas[ink] + (1 - SEEN_THROUGH) * colour
    picture = np.flip(canvas.transpose(2, 1, 0), 1).round().astype(np.uint8)  # upwards
    return torch.from_numpy(picture.copy())


def _paper(steps: int, pitches: int, legend: Legend) -> npt.NDArray[np.float64]:
    """A canvas [4 steps, 4 pitches, 3] with lines at octaves (below each C), beats and bars."""
    canvas = np.full((steps * CELL, pitches * CELL, 3), PAPER, np.float64)
    canvas[:, [row * CELL for row in range(pitches) if (row + legend.lowest) % 12 == 0]] = OCTAVE
    canvas[:: legend.steps_per_beat * CELL] = BEAT
    canvas[:: legend.steps_per_bar * CELL] = BAR
    return canvas


def _ink(track: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The pixels of a track's notes: a pixel is left free before each note and below it."""
    ink = track.repeat(CELL, 0).repeat(CELL, 1)
    ink[::CELL] &= ~onsets(track).repeat(CELL, 1)
    ink[:, ::CELL] = False
    return ink
