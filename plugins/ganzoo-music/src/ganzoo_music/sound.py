"""A plain synthesiser: each note is a sum of harmonics with an envelope."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ganzoo_music.notes import Legend, Note

Sound = npt.NDArray[np.float32]
#: Samples in a second.
RATE = 22_050
#: The loudness of the harmonics, as of a soft organ stop; those above RATE / 2 are left out.
HARMONICS = (1.0, 0.5, 0.28, 0.15, 0.08, 0.05, 0.03)
#: Seconds in which a note swells, and in which it dies away after its end.
ATTACK, RELEASE = 0.025, 0.18
#: The loudness at which a note is held, and the seconds in which it nearly gets there.
HELD, DECAY = 0.6, 0.35
#: The loudest value of a file, of 1.
PEAK = 0.8


def wav_bytes(notes: Sequence[Note], steps: int, legend: Legend) -> bytes:
    """A WAV file of 16 bits, mono, of notes at the legend's tempo."""
    sound = synthesised(notes, steps, 60 / (legend.tempo * legend.steps_per_beat))
    samples = np.round(sound * (2**15 - 1)).astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return content.getvalue()


def synthesised(notes: Sequence[Note], steps: int, seconds: float) -> Sound:
    """Notes as sound in [-1, 1], with `seconds` to a step and time to die away at the end."""
    sound = np.zeros(round((steps * seconds + RELEASE) * RATE) + 1, np.float32)
    for note in notes:
        tone = tone_of(note.pitch, round((note.end - note.start) * seconds * RATE))
        start = round(note.start * seconds * RATE)
        part = sound[start : start + len(tone)]
        part += tone[: len(part)]
    loudest = float(np.abs(sound).max())
    scaled: Sound = sound * np.float32(PEAK / loudest if loudest else 1)
    return scaled


@lru_cache(maxsize=1024)
def tone_of(pitch: int, length: int) -> Sound:
    """One note: `length` samples at equal temperament (A4 = 440 Hz), and those of its release."""
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    times = np.arange(length + round(RELEASE * RATE)) / RATE
    tone = sum(
        loudness * np.sin(2 * np.pi * frequency * number * times)
        for number, loudness in enumerate(HARMONICS, 1)
        if frequency * number < RATE / 2
    )
    swell = np.minimum(times / ATTACK, 1)
    body = HELD + (1 - HELD) * np.exp(-times / DECAY)
    after = np.clip(1 - (times - length / RATE) / RELEASE, 0, 1) ** 2
    shaped: Sound = (tone * swell * body * after).astype(np.float32)
    return shaped
