"""The key of a piece, from how long its pitch classes sound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: How long the degrees above the tonic sound in major and in minor (Albrecht and Shanahan 2013,
#: "The use of large corpora to train a new type of key-finding algorithm", Music Perception 31).
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


def key_of(durations: npt.NDArray[np.float64]) -> tuple[int, bool]:
    """The tonic's pitch class, and whether the mode is major.

    `durations` [12] are those of the pitch classes. The key is the one whose profile they are
    correlated with most.
    """
    scores = {
        (tonic, profile is MAJOR): float(_unit(np.roll(profile, tonic)) @ durations)
        for tonic in range(12)
        for profile in (MAJOR, MINOR)
    }
    return max(scores, key=lambda key: scores[key])


def shift_to_c(durations: npt.NDArray[np.float64]) -> int:
    """By how many semitones, -6 to 5, a piece is moved to C major or A minor."""
    tonic, major = key_of(durations)
    return ((0 if major else 9) - tonic + 6) % 12 - 6


def _unit(profile: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A profile with mean 0 and length 1, so that its product with durations ranks correlations."""
    centred = profile - profile.mean()
    unit: npt.NDArray[np.float64] = centred / np.linalg.norm(centred)
    return unit
