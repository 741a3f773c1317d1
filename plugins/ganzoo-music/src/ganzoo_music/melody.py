"""A user's melody as conditions: phrases in the key and the range that a model knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import OwnPictures
from ganzoo_music.keys import shift_to_c
from ganzoo_music.midi import read_midi
from ganzoo_music.notes import STEPS_PER_BEAT, MusicError, Note, check_range, roll_of

#: The option of conditions that names a track.
TRACK = {"track": "the file's track that is the melody, counted from 1 among those with notes"}
#: The middle of a soprano's range, C4 to A5, which is 60 to 81.
MIDDLE = 70.5


def phrases_of(given: OwnPictures, lowest: int, *, transposed: bool) -> Tensor:
    """A MIDI file's melody as phrases float32 [N, 1, steps, pitches], the last one filled up.

    It is the highest note at each step of the first track with notes, or of the one that the user
    chose. `transposed` moves it to C major or A minor, and by octaves into a soprano's range.
    """
    _, steps, pitches = given.condition_shape
    if given.path is None:
        raise MusicError("a melody is given as a MIDI file, not as pictures")
    melody = highest(_track(given.path, given.choices.get("track", "1")))
    if transposed:
        melody = moved(melody)
    check_range(given.path, melody, lowest, lowest + pitches - 1)
    count = -(-melody[-1].end // steps)
    roll = roll_of(melody, (1, count * steps, pitches), lowest)
    return torch.from_numpy(roll).float().view(count, 1, steps, pitches)


def _track(path: Path, number: str) -> list[Note]:
    """A track's notes; `MusicError` if the file has none of that number."""
    tracks = read_midi(path, STEPS_PER_BEAT)
    if not number.isdecimal() or not 1 <= int(number) <= len(tracks):
        numbers = "1" if len(tracks) == 1 else f"1 to {len(tracks)}"
        raise MusicError(f"{path} has notes in tracks {numbers}, found --track {number}")
    return tracks[int(number) - 1]


def highest(notes: Sequence[Note]) -> list[Note]:
    """One note at a time: where several sound, the highest of them, as long as it is that."""
    line = np.zeros(max(note.end for note in notes), np.int64)
    for note in sorted(notes, key=lambda note: note.pitch):
        line[note.start : note.end] = note.pitch
    edges = np.flatnonzero(np.diff(line, prepend=0, append=0))
    spans = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [Note(0, start, end, int(line[start])) for start, end in spans if line[start]]


def moved(melody: Sequence[Note]) -> list[Note]:
    """A melody in C major or A minor, in the octave nearest to a soprano's."""
    durations = np.zeros(12)
    for note in melody:
        durations[note.pitch % 12] += note.end - note.start
    shift = shift_to_c(durations)
    pitches = [note.pitch + shift for note in melody]
    octaves = round((MIDDLE - (min(pitches) + max(pitches)) / 2) / 12)
    return [note._replace(pitch=note.pitch + shift + 12 * octaves) for note in melody]
