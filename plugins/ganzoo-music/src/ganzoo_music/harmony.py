"""What music theory counts: bars, notes, pitch classes, distances of chords, and chords by name."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ganzoo_music.notes import Legend, Roll

Numbers = npt.NDArray[np.float64]
CLASSES = 12
#: A note is qualified if it is no shorter than this many steps (Dong et al. 2018, section 5.2).
QUALIFIED = 3
#: Radii of the circles of fifths, minor thirds and major thirds (Harte et al. 2006, section 3).
RADII = (1.0, 1.0, 0.5)
#: Semitones above the root of major, minor and diminished triads, and of chords of the seventh:
#: dominant, minor, major, half-diminished and diminished.
CHORDS = (
    (0, 4, 7), (0, 3, 7), (0, 3, 6),
    (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9),
)  # fmt: skip


def chroma(rolls: Roll, lowest: int) -> npt.NDArray[np.int64]:
    """How many pitches of each class sound: [..., pitches] -> [..., 12]."""
    before = lowest % CLASSES
    after = -(before + rolls.shape[-1]) % CLASSES
    padded = np.pad(rolls, [(0, 0)] * (rolls.ndim - 1) + [(before, after)])
    counts: npt.NDArray[np.int64] = padded.reshape(*rolls.shape[:-1], -1, CLASSES).sum(-2)
    return counts


def in_units(rolls: Roll, steps: int) -> Roll:
    """Rolls [N, tracks, steps, pitches] in bars or beats of `steps`: [N, tracks, units, steps, P].

    An unfinished last unit is left out.
    """
    n, tracks, length, pitches = rolls.shape
    units = length // steps
    return rolls[:, :, : units * steps].reshape(n, tracks, units, steps, pitches)


def onsets(rolls: Roll) -> Roll:
    """Where notes begin, [..., steps, pitches]: all that sounds in the first step begins."""
    begins = rolls.copy()
    begins[..., 1:, :] &= ~rolls[..., :-1, :]
    return begins


def qualified(rolls: Roll) -> tuple[int, int]:
    """How many notes are no shorter than three steps, and how many there are."""
    notes = onsets(rolls)
    long = notes[:, :, : rolls.shape[2] - QUALIFIED + 1].copy()
    for later in range(1, QUALIFIED):
        long &= rolls[:, :, later : later + long.shape[2]]
    return int(long.sum()), int(notes.sum())


def moves(rolls: Roll) -> Numbers:
    """Semitones from each track's highest pitch to its next one, wherever it changes."""
    rows = np.arange(1, rolls.shape[-1] + 1, dtype=np.int16)
    highest = (rolls * rows).max(-1)
    before, after = highest[:, :, :-1], highest[:, :, 1:]
    moved = (before > 0) & (after > 0) & (before != after)
    semitones: Numbers = np.abs(after - before)[moved].astype(np.float64)
    return semitones


def centroids(counts: Numbers) -> Numbers:
    """Pitch classes [..., 12] as points [..., 6] of Harte et al.'s tonal space; 0 of silence."""
    classes = np.arange(CLASSES)
    turns = [7 * np.pi / 6, 3 * np.pi / 2, 2 * np.pi / 3]
    basis = np.concatenate(
        [
            [radius * np.sin(classes * turn), radius * np.cos(classes * turn)]
            for radius, turn in zip(RADII, turns, strict=True)
        ]
    )
    total = counts.sum(-1, keepdims=True)
    points: Numbers = (counts / np.maximum(total, 1)) @ basis.T
    return points


def tonal_distances(rolls: Roll, legend: Legend) -> Numbers:
    """Distances between two tracks' centroids, of all pairs and beats in which both sound."""
    counts = chroma(in_units(rolls, legend.steps_per_beat), legend.lowest).sum(3)
    points, sounds = centroids(counts.astype(np.float64)), counts.any(-1)
    distances = [
        np.linalg.norm(points[:, one] - points[:, other], axis=-1)[
            sounds[:, one] & sounds[:, other]
        ]
        for one, other in combinations(range(rolls.shape[1]), 2)
    ]
    return np.concatenate(distances or [np.zeros(0)])


@lru_cache
def known_chords() -> npt.NDArray[np.bool_]:
    """For each set of pitch classes, a number of 12 bits, whether it lies in a named chord.

    A set of three classes or more is needed: two are an interval.
    """
    known = np.zeros(2**CLASSES, np.bool_)
    for root in range(CLASSES):
        for chord in CHORDS:
            members = [(root + degree) % CLASSES for degree in chord]
            for size in range(3, len(members) + 1):
                for some in combinations(members, size):
                    known[sum(1 << one for one in some)] = True
    return known


def chords(rolls: Roll, legend: Legend) -> tuple[int, int]:
    """How many beats begin with a named chord, and how many beats there are."""
    beats = rolls[:, :, :: legend.steps_per_beat]
    sounding = chroma(beats, legend.lowest).any(1)
    numbers = sounding @ (1 << np.arange(CLASSES))
    return int(known_chords()[numbers].sum()), numbers.size
