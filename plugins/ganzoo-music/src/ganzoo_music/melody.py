"""A user's melody as conditions: phrases in the key and the range that a model knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo_music.keys import shift_to_c
from ganzoo_music.midi import read_midi
from ganzoo_music.notes import MusicError, Note, name_of, roll_of


def phrases_of(
    path: Path, track: str | None, shape: Sequence[int], lowest: int, steps_per_beat: int
) -> Tensor:
    """A MIDI file's melody as phrases float32 [N, 1, steps, pitches], the last one filled up.

    It is the highest note at each step of the first track with notes, or of number `track`, moved
    to C major or A minor and by octaves into the range of a soprano. `shape` is [1, steps, pitches].
    """
    _, steps, pitches = shape
    melody = in_range(in_c(highest(_track(path, track, steps_per_beat))), lowest, pitches, path)
    count = -(-melody[-1].end // steps)
    roll = roll_of(melody, (1, count * steps, pitches), lowest)
    return torch.from_numpy(roll).float().view(count, 1, steps, pitches)


def _track(path: Path, number: str | None, steps_per_beat: int) -> list[Note]:
    """A track's notes; `MusicError` if the file has none of that number."""
    tracks = read_midi(path, steps_per_beat)
    number = number or "1"
    if not number.isdecimal() or not 1 <= int(number) <= len(tracks):
        raise MusicError(
            f"{path} has {len(tracks)} tracks with notes, and the melody is to be number {number}; "
            f"give --track 1 to {len(tracks)}"
        )
    return tracks[int(number) - 1]


def highest(notes: Sequence[Note]) -> list[Note]:
    """One note at a time: where several sound, the highest of them, as long as it is that."""
    line = np.zeros(max(note.end for note in notes), np.int64)
    for note in sorted(notes, key=lambda note: note.pitch):
        line[note.start : note.end] = note.pitch
    edges = np.flatnonzero(np.diff(line, prepend=0, append=0))
    spans = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [Note(0, start, end, int(line[start])) for start, end in spans if line[start]]


def in_c(melody: Sequence[Note]) -> list[Note]:
    """A melody in C major or A minor."""
    durations = np.zeros(12)
    for note in melody:
        durations[note.pitch % 12] += note.end - note.start
    shift = shift_to_c(durations)
    return [note._replace(pitch=note.pitch + shift) for note in melody]


#: Where a soprano sings, C4 to A5, which is 60 to 81: a melody's middle is moved nearest to theirs.
MIDDLE = 70.5


def in_range(melody: Sequence[Note], lowest: int, pitches: int, path: Path) -> list[Note]:
    """A melody moved by octaves to a soprano's range; `MusicError` if it does not fit the rows."""
    least, most = min(n.pitch for n in melody), max(n.pitch for n in melody)
    shift = 12 * round((MIDDLE - (least + most) / 2) / 12)
    low, high = lowest, lowest + pitches - 1
    if least + shift < low or most + shift > high:
        raise MusicError(
            f"{path} has a melody of {most - least} semitones, in C from {name_of(least + shift)} "
            f"to {name_of(most + shift)}, and the model has {name_of(low)} to {name_of(high)}"
        )
    return [note._replace(pitch=note.pitch + shift) for note in melody]
