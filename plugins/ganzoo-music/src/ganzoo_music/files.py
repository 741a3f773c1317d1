"""MIDI files as data: a file, or all files below a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ganzoo import OwnPictures
from ganzoo_music.melody import TRACK, phrases_of
from ganzoo_music.midi import ENDINGS, read_midi
from ganzoo_music.notes import (
    PITCHES,
    STEPS_PER_BEAT,
    Legend,
    MusicError,
    Note,
    Roll,
    check_range,
    roll_of,
)
from ganzoo_music.rolls import PianoRolls, Piece, lot_of

#: Bars of a stretch that is in one split as a whole, where there is a single file.
STRETCH = 16


class MidiFiles(PianoRolls):
    """Windows of MIDI files in sixteenths, float32 [tracks, 4 beats_per_bar bars, pitches].

    `path` is a file or a folder. With `tracks` 1, all tracks become one; otherwise each file has as
    many tracks with notes. Pitch row 0 is MIDI's number `lowest`; by default the rows are the
    octaves, from C to B, in which all notes lie. Bars begin at the first beat of a file. A tenth
    of the files are tests; a single file is cut into stretches of 16 bars for that. With
    `harmonise` the first track is the condition.
    """

    condition_options = TRACK

    def __init__(
        self,
        path: str,
        split: str = "train",
        tracks: int = 1,
        bars: int = 4,
        beats_per_bar: int = 4,
        lowest: int | None = None,
        pitches: int | None = None,
        harmonise: bool = False,
    ) -> None:
        place = Path(path).expanduser()
        files = midi_files(place)
        scores = [score_of(file, tracks) for file in files]
        low, high = range_of(files, scores, lowest, pitches)
        names = tuple(f"track {number + 1}" for number in range(tracks))
        legend = Legend(low, names, STEPS_PER_BEAT, beats_per_bar)
        pieces = []
        for file, notes in zip(files, scores, strict=True):
            roll = whole_bars(notes, tracks, legend, high - low + 1)
            pieces += _pieces(file, roll, legend.steps_per_bar, single=len(files) == 1)
        super().__init__(pieces, legend, place.name, bars, split, harmonise)

    @classmethod
    def conditions_of(cls, pictures: OwnPictures, **arguments: Any) -> Tensor:
        """A user's melody, a MIDI file, as phrases [N, 1, steps, pitches], in its own key."""
        if (lowest := arguments.get("lowest")) is None:
            raise MusicError(
                "a melody of one's own needs a model whose recipe names the lowest pitch; train "
                "with --set data.arguments.lowest=36 --set data.arguments.pitches=48 (C2 to B5)"
            )
        return phrases_of(pictures, lowest, transposed=False)


def midi_files(place: Path) -> list[Path]:
    """The file, or those below a folder by path; `MusicError` if there are none."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise MusicError(f"there is no file or folder {place}")
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in ENDINGS)
    if not files:
        raise MusicError(f"{place} contains no MIDI files, whose names end in .mid or .midi")
    return files


def score_of(file: Path, tracks: int) -> list[Note]:
    """A file's notes in as many tracks as are asked for; `MusicError` if it has other ones."""
    if isinstance(tracks, bool) or not isinstance(tracks, int) or tracks < 1:
        raise MusicError(f"tracks is a whole number of 1 or more, found {tracks!r}")
    parts = read_midi(file, STEPS_PER_BEAT)
    if tracks == 1:
        return [note._replace(track=0) for part in parts for note in part]
    if len(parts) != tracks:
        found = "1 track" if len(parts) == 1 else f"{len(parts)} tracks"
        raise MusicError(
            f"{file} has {found} with notes, and {tracks} are asked for; give other files, or "
            "tracks=1, which makes all tracks one"
        )
    return [note for part in parts for note in part]


def range_of(
    files: Sequence[Path], scores: Sequence[Sequence[Note]], lowest: int | None, count: int | None
) -> tuple[int, int]:
    """The lowest and the highest pitch of samples: those asked for, else the notes' octaves."""
    every = [note.pitch for notes in scores for note in notes]
    low = min(every) // 12 * 12 if lowest is None else lowest
    high = (
        (max(every) // 12 * 12 + 11 if lowest is None else 127)
        if count is None
        else low + count - 1
    )
    high = min(high, PITCHES[-1])
    if low not in PITCHES or high < low:
        raise MusicError(f"pitches are MIDI's, 0 to 127, found {low} to {high}")
    for file, notes in zip(files, scores, strict=True):
        check_range(file, notes, low, high)
    return low, high


def whole_bars(notes: Sequence[Note], tracks: int, legend: Legend, pitches: int) -> Roll:
    """Notes as a roll that ends with a bar."""
    steps = -(-max(note.end for note in notes) // legend.steps_per_bar) * legend.steps_per_bar
    return roll_of(notes, (tracks, steps, pitches), legend.lowest)


def _pieces(file: Path, roll: Roll, steps_per_bar: int, *, single: bool) -> list[Piece]:
    """A file as one piece, or as stretches that can be in different splits."""
    whole = roll.shape[1]
    length = STRETCH * steps_per_bar if single else whole
    if single and whole < 2 * length:
        length = max(1, whole // (2 * steps_per_bar)) * steps_per_bar
    parts = [roll[:, start : start + length] for start in range(0, whole, length)]
    return [
        Piece(
            file.name,
            part,
            np.arange(0, part.shape[1], steps_per_bar),
            lot_of(f"{file.name} {number}" if single else file.name),
        )
        for number, part in enumerate(parts)
    ]
