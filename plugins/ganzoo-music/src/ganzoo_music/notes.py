"""Notes and piano rolls, the two forms of music, and the errors of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ganzoo import GanzooError

Roll = npt.NDArray[np.bool_]
#: MIDI's numbers of pitches: 60 is middle C.
PITCHES = range(128)
#: A pitch sounds from this value on.
SOUNDS = 0.5
#: Steps are sixteenths.
STEPS_PER_BEAT = 4
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


class MusicError(GanzooError):
    """Music cannot be provided, or written, as requested."""


class Note(NamedTuple):
    """A note of a track that sounds from step `start` until step `end`."""

    track: int
    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Legend:
    """What a roll's numbers mean: pitch row 0 is MIDI's number `lowest`, four steps are a beat.

    `tempo` is the beats in a minute at which it is played; `tracks` names the tracks.
    """

    lowest: int = 36
    tracks: tuple[str, ...] = field(default=())
    steps_per_beat: int = STEPS_PER_BEAT
    beats_per_bar: int = 4
    tempo: int = 88

    @property
    def steps_per_bar(self) -> int:
        """Steps of a bar."""
        return self.steps_per_beat * self.beats_per_bar

    def as_data(self) -> dict[str, Any]:
        """The legend as JSON data."""
        return {**asdict(self), "tracks": list(self.tracks)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Legend:
        """The legend of a model or data set; `MusicError` if it is not one of music."""
        try:
            return cls(**{**data, "tracks": tuple(data["tracks"])})
        except (KeyError, TypeError):
            raise MusicError(
                "samples stand for music only beside a legend with lowest and tracks, found "
                f"{dict(data)!r}"
            ) from None


def name_of(pitch: int) -> str:
    """A pitch as people write it: 60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def check_range(file: Path, notes: Sequence[Note], low: int, high: int) -> None:
    """Refuse notes that samples have no row for."""
    pitches = [note.pitch for note in notes]
    least, most = min(pitches), max(pitches)
    if least < low or most > high:
        raise MusicError(
            f"{file} has notes from {name_of(least)} to {name_of(most)} ({least} to {most}), and "
            f"samples have {name_of(low)} to {name_of(high)} ({low} to {high}); transpose it, or "
            "ask for other pitches"
        )


def rolls_of(samples: Tensor) -> Roll:
    """Which pitches sound: samples [N, tracks, steps, pitches] of at least one half."""
    if samples.dim() != 4:
        raise MusicError(
            f"music has samples [tracks, steps, pitches], found {list(samples.shape[1:])}"
        )
    sounding: Roll = (samples >= SOUNDS).cpu().numpy()
    return sounding


def roll_of(notes: Iterable[Note], shape: tuple[int, int, int], lowest: int) -> Roll:
    """The roll [tracks, steps, pitches] in which the notes sound; they must fit."""
    roll = np.zeros(shape, np.bool_)
    for note in notes:
        roll[note.track, note.start : note.end, note.pitch - lowest] = True
    return roll


def notes_of(roll: Roll, lowest: int) -> list[Note]:
    """The notes of a roll [tracks, steps, pitches], by track, start and pitch.

    Steps of one pitch that follow each other are one note: a roll has no repeated notes.
    """
    framed = np.pad(roll, ((0, 0), (1, 1), (0, 0)))
    before, after = framed[:, :-1], framed[:, 1:]
    tracks, starts, pitches = _places(after & ~before)
    _, ends, _ = _places(before & ~after)
    made = map(Note._make, zip(tracks, starts, ends, pitches + lowest, strict=True))
    return sorted(Note(*map(int, note)) for note in made)


def _places(edges: Roll) -> tuple[npt.NDArray[np.int64], ...]:
    """Tracks, steps and pitches of edges [tracks, steps, pitches], by track, pitch and step."""
    tracks, pitches, steps = np.nonzero(edges.transpose(0, 2, 1))
    return tracks, steps, pitches
