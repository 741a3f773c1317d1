"""Bach's chorales as the corpus of the package music21 has them: read once, and kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ganzoo.datasets import packed
from ganzoo_music.notes import STEPS_PER_BEAT, MusicError

VOICES = ("soprano", "alto", "tenor", "bass")
STEPS_PER_BAR = 16
#: What a step holds where a voice is silent.
REST = 0
#: Changed whenever scores are read in another way.
VERSION = 1
MISSING = (
    "the chorales are read from the corpus of the package music21, which is not installed; run: "
    "pip install music21"
)


@dataclass(frozen=True, eq=False)
class Chorale:
    """A score in four voices: MIDI's numbers by sixteenth uint8 [4, steps], 0 for rests.

    `bars` are the steps at which bars begin. A bar that begins with an upbeat has none before it.
    """

    name: str
    voices: npt.NDArray[np.uint8]
    bars: npt.NDArray[np.int64]


def is_here() -> bool:
    """Whether the corpus is on this machine."""
    return find_spec("music21") is not None


def chorales(count: int | None = None) -> list[Chorale]:
    """Bach's chorales for four voices in common time, by name; the first `count` of them."""
    if not is_here():
        raise MusicError(MISSING)
    part = "" if count is None else f"-first-{count}"
    tensors = packed(
        f"chorales-{VERSION}{part}",
        lambda: _as_tensors(list(islice(_read(), count))),
        "reading the chorales of music21's corpus, once; this takes about a minute",
    )
    return _from_tensors(tensors)


def _read() -> Iterator[Chorale]:
    """Read the scores; music21 would keep pickles of them, and does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about fonts and viewers
        from music21 import converter, corpus

        paths = [Path(path) for path in corpus.getComposer("bach")]
        for path in sorted(path for path in paths if path.suffix == ".mxl"):
            score = converter.parse(path, forceSource=True, storePickle=False)
            if is_chorale(score):
                yield chorale_of(path.stem, score)


def is_chorale(score: Any) -> bool:
    """Whether a score has four voices, and common time throughout."""
    parts = [str(part.partName).lower() for part in score.parts]
    times = {time.ratioString for time in score.recurse().getElementsByClass("TimeSignature")}
    return parts == [*VOICES] and times == {"4/4"}


def chorale_of(name: str, score: Any) -> Chorale:
    """A score of music21 as rows of pitches; its last chord is held until the bar is over."""
    bars = sorted(_steps(bar.offset) for bar in score.parts[0].getElementsByClass("Measure"))
    rest = max(_steps(score.highestTime) - bars[-1], 1)
    length = bars[-1] + -(-rest // STEPS_PER_BAR) * STEPS_PER_BAR
    voices = np.full((len(VOICES), length), REST, np.uint8)
    for row, part in zip(voices, score.parts, strict=True):
        end = 0
        for note in part.flatten().notes:
            start, end = _steps(note.offset), _steps(note.offset + note.quarterLength)
            row[start:end] = max(pitch.midi for pitch in note.pitches)
        row[end:] = row[max(0, end - 1)]
    return Chorale(name, voices, np.array(bars))


def _steps(quarters: Any) -> int:
    return round(float(quarters) * STEPS_PER_BEAT)


def _as_tensors(read: list[Chorale]) -> dict[str, Tensor]:
    """Chorales one after the other, for a file of tensors."""
    names = "\n".join(one.name for one in read).encode()
    return {
        "names": torch.frombuffer(bytearray(names), dtype=torch.uint8),
        "steps": torch.tensor([one.voices.shape[1] for one in read]),
        "voices": torch.from_numpy(np.concatenate([one.voices for one in read], 1)),
        "bar_counts": torch.tensor([len(one.bars) for one in read]),
        "bars": torch.from_numpy(np.concatenate([one.bars for one in read])),
    }


def _from_tensors(tensors: dict[str, Tensor]) -> list[Chorale]:
    names = tensors["names"].numpy().tobytes().decode().split("\n")
    voices = torch.split(tensors["voices"], tensors["steps"].tolist(), 1)
    bars = torch.split(tensors["bars"], tensors["bar_counts"].tolist())
    return [
        Chorale(name, rows.numpy(), starts.numpy())
        for name, rows, starts in zip(names, voices, bars, strict=True)
    ]
