"""Well-known melodies that lie in this package, for models that may not carry their data along."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ganzoo_music.notes import NAMES, STEPS_PER_BEAT, Note, roll_of

FILE = Path(__file__).with_name("data") / "tunes.txt"


def tunes() -> dict[str, list[Note]]:
    """The melodies by their names, of one track each."""
    melodies = {}
    for part in FILE.read_text(encoding="utf-8").split("\n\n")[1:]:  # the first one says what it is
        name, *lines = part.strip().splitlines()
        melodies[name] = _melody(" ".join(lines).replace("|", " ").split())
    return melodies


def phrases(condition_shape: tuple[int, ...], lowest: int) -> Tensor:
    """All melodies in phrases float32 [N, 1, steps, pitches], the last of each filled up."""
    _, steps, pitches = condition_shape
    rolls = []
    for melody in tunes().values():
        count = -(-melody[-1].end // steps)
        roll = torch.from_numpy(roll_of(melody, (1, count * steps, pitches), lowest))
        rolls.append(roll.float().view(count, 1, steps, pitches))
    return torch.cat(rolls)


def _melody(words: list[str]) -> list[Note]:
    """Notes such as `E5` (one beat) and `D5*0.5`, one after the other."""
    notes, now = list[Note](), 0
    for word in words:
        pitch, _, beats = word.partition("*")
        end = now + round(float(beats or 1) * STEPS_PER_BEAT)
        number = 12 * (int(pitch[-1]) + 1) + NAMES.index(pitch[:-1])
        notes.append(Note(0, now, end, number))
        now = end
    return notes
