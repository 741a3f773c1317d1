"""Bach's chorales as a data set: in one key, and split by their melodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from ganzoo import OwnPictures
from ganzoo_music import corpus
from ganzoo_music.corpus import REST, STEPS_PER_BAR, VOICES, Chorale
from ganzoo_music.keys import shift_to_c
from ganzoo_music.melody import TRACK, phrases_of
from ganzoo_music.notes import STEPS_PER_BEAT, Legend, Roll
from ganzoo_music.rolls import PianoRolls, Piece, lot_of
from ganzoo_music.tunes import phrases

#: MIDI's numbers of the lowest and the highest note, G1 to C6, after all chorales are transposed.
LOWEST, HIGHEST = 31, 84
#: Beats in a row in which two chorales with one melody agree, up to transposition. With 8 most
#: chorales are one group, joined by scales; from 12 on the groups are the known melodies.
ALIKE = 12
#: Of these, beats at which the melody moves at least: repeated notes are no melody.
MOVING = ALIKE // 2


class Chorales(PianoRolls):
    """Windows of Bach's chorales for four voices, float32 [4, 16 bars, 54], in sixteenths.

    They are read from the corpus of the package music21: scores for soprano, alto, tenor and bass
    in common time. Each is transposed to C major or A minor, by six semitones at most. Chorales of
    one melody are in one split. With `harmonise` the soprano is the condition, and models carry
    well-known melodies along. `count` takes the first chorales alone, for a try.
    """

    condition_options = TRACK

    def __init__(
        self,
        split: str = "train",
        bars: int = 4,
        harmonise: bool = False,
        count: int | None = None,
    ) -> None:
        read = corpus.chorales(count)
        lots = lots_of(read)
        pieces = [piece_of(one, lot) for one, lot in zip(read, lots, strict=True)]
        legend = Legend(LOWEST, VOICES, STEPS_PER_BEAT, STEPS_PER_BAR // STEPS_PER_BEAT)
        super().__init__(pieces, legend, "chorales", bars, split, harmonise)

    def kept_conditions(self) -> Tensor | None:
        """Well-known melodies: nothing of the corpus is given away with a model."""
        return phrases(self.condition_shape, LOWEST) if self.condition_shape else None

    @classmethod
    def conditions_of(cls, pictures: OwnPictures, **arguments: Any) -> Tensor:
        """A user's melody, a MIDI file, as phrases [N, 1, steps, pitches] in C major or A minor."""
        return phrases_of(pictures, LOWEST, transposed=True)

    @classmethod
    def is_here(cls) -> bool:
        """Whether music21 is installed, in whose corpus they are."""
        return corpus.is_here()


def piece_of(chorale: Chorale, lot: float) -> Piece:
    """A chorale in C major or A minor, as a roll."""
    sounding = chorale.voices != REST
    durations = np.bincount(chorale.voices[sounding] % 12, minlength=12).astype(float)
    rows = chorale.voices.astype(np.int64) + shift_to_c(durations) - LOWEST
    pitches = HIGHEST - LOWEST + 1
    roll: Roll = sounding[..., None] & (rows[..., None] == np.arange(pitches))
    return Piece(chorale.name, roll, chorale.bars, lot)


def lots_of(read: Sequence[Chorale]) -> list[float]:
    """Each chorale's lot, which it shares with those of its melody."""
    return [lot_of(read[first].name) for first in melody_groups([one.voices[0] for one in read])]


def melody_groups(melodies: Sequence[npt.NDArray[np.uint8]]) -> list[int]:
    """For each melody [steps] the number of the first one in its group.

    Two are in one group if 12 beats of one, transposed, are in the other; so are those that are
    joined by a third one.
    """
    group = list(range(len(melodies)))
    first_with: dict[bytes, int] = {}
    for number, melody in enumerate(melodies):
        for stretch in stretches_of(melody):
            one, other = group[first_with.setdefault(stretch, number)], group[number]
            if one != other:
                low, high = sorted((one, other))
                group = [low if which == high else which for which in group]
    return group


def stretches_of(melody: npt.NDArray[np.uint8]) -> list[bytes]:
    """The steps, in semitones, between 13 beats in a row, from each beat without a rest."""
    beats = melody[::STEPS_PER_BEAT].astype(np.int64)
    if len(beats) <= ALIKE:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(beats, ALIKE + 1)
    moves = np.diff(windows, axis=1)
    kept = (windows != REST).all(1) & ((moves != 0).sum(1) >= MOVING)
    return [row.astype(np.int8).tobytes() for row in moves[kept]]
