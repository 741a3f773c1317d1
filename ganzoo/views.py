"""What samples are to the eye and the ear: data by which a page shows them without Python.

A `Writer` names the view of its kind. Whoever shows samples knows these few views, and no kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Notes", "Pictures", "Points", "Text", "View"]


@dataclass(frozen=True)
class View:
    """What the numbers of a sample are, so that a program in another language can show them.

    Of samples that are `heard` a training keeps some as numbers, since its grids are silent.
    """

    heard: ClassVar[bool] = False


@dataclass(frozen=True)
class Pictures(View):
    """Images [C, H, W] in [-1, 1]: grey, RGB or RGBA.

    With `columns` each channel is a grey image of its own, such as a letter of an alphabet; they
    stand beside each other in rows of so many.
    """

    columns: int | None = None


@dataclass(frozen=True)
class Points(View):
    """Points [2] of the plane."""


@dataclass(frozen=True)
class Text(View):
    """Text [characters, length]: at each place the likeliest of `characters`.

    A text ends before the first place whose character has the number `end`, if that is given.
    """

    characters: tuple[str, ...]
    end: int | None = None


@dataclass(frozen=True)
class Notes(View):
    """A piano roll [tracks, steps, pitches]: a pitch sounds where its value reaches `threshold`.

    `lowest` is the first pitch as MIDI numbers it (60 is middle C), and `tracks` are the tracks'
    names. Steps of one pitch that follow each other are one note. With `voices` a track sings one
    pitch at a time, the one of the highest value.
    """

    heard = True

    lowest: int
    steps_per_beat: int
    beats_per_minute: float
    beats_per_bar: int = 4
    tracks: tuple[str, ...] = ()
    threshold: float = 0.0
    voices: bool = False
