"""Figures of music, as Dong et al. 2018 (MuseGAN) report them, and of harmony and melody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import torch

from ganzoo import Dataset, Figure, FigureInput, GanzooError
from ganzoo_music import harmony
from ganzoo_music.harmony import Numbers
from ganzoo_music.notes import Legend, Roll, rolls_of

#: Samples read at a time, and the most of a data set that a figure reads.
BATCH, MOST = 500, 20_000


def rolls_in(data: Dataset) -> Iterator[Roll]:
    """The rolls of a data set piece by piece, of 20,000 samples at most, evenly spaced."""
    rows = torch.linspace(0, len(data) - 1, min(len(data), MOST)).long()
    for some in torch.split(rows, BATCH):
        yield rolls_of(data.batch(some)[0])


class MusicFigure(Figure):
    """A figure of data of the kind `music`; best is what real music has, unless it says other."""

    direction: Literal["lower", "higher", "nearest"] = "nearest"
    needs = frozenset({"training"})

    def applies_to(self, data: Dataset) -> bool:
        """Whether samples are rolls with a legend."""
        return data.kind == "music" and "lowest" in data.legend

    @staticmethod
    def legend(drawn: FigureInput) -> Legend:
        """What the samples' numbers mean: the same as in the training music."""
        return Legend.of(drawn.training.legend)

    @staticmethod
    def rolls(drawn: FigureInput) -> Iterator[Roll]:
        """The samples' rolls, piece by piece."""
        return map(rolls_of, drawn.batches())


class PitchClasses(MusicFigure):
    """How far the shares of the twelve pitch classes are from those of test music."""

    title = "pitch classes"
    protocol = "half the summed differences between shares of sounding time of the 12 pitch classes"
    direction, best = "lower", 0.0
    digits, tolerance = 4, 0.005
    needs = frozenset({"training", "real"})

    def measure(self, drawn: FigureInput) -> float:
        """From 0 to 1."""
        lowest = self.legend(drawn).lowest
        ours, theirs = (_shares(each, lowest) for each in (self.rolls(drawn), rolls_in(drawn.real)))
        return float(np.abs(ours - theirs).sum() / 2)


class EmptyBars(MusicFigure):
    """The share of a track's bars in which it is silent (EB)."""

    title, unit = "empty bars", "%"
    protocol = "bars of a track without a note"
    digits, tolerance = 2, 0.5

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent."""
        steps = self.legend(drawn).steps_per_bar
        silent = [~harmony.in_units(rolls, steps).any((3, 4)) for rolls in self.rolls(drawn)]
        return 100 * float(np.concatenate(silent).mean())


class UsedPitchClasses(MusicFigure):
    """How many pitch classes a track uses in a bar (UPC)."""

    title = "pitch classes per bar"
    protocol = "pitch classes of a track in a bar that is not empty"
    tolerance = 0.05

    def measure(self, drawn: FigureInput) -> float:
        """From 1 to 12."""
        legend, used = self.legend(drawn), []
        for rolls in self.rolls(drawn):
            bars = harmony.in_units(rolls, legend.steps_per_bar)
            classes = harmony.chroma(bars, legend.lowest).any(3).sum(-1)
            used.append(classes[classes > 0])
        return mean_of(used)


class QualifiedNotes(MusicFigure):
    """The share of notes no shorter than three steps (QN): less means fragments."""

    title, unit = "qualified notes", "%"
    protocol = "notes of at least 3 steps"
    digits, tolerance = 1, 1.0

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent; `GanzooError` if there are no notes."""
        return share_of([harmony.qualified(rolls) for rolls in self.rolls(drawn)])


class TonalDistance(MusicFigure):
    """How far two tracks' harmonies are from each other (TD)."""

    title = "tonal distance"
    protocol = "distance of two tracks' pitch classes in Harte's tonal space, all pairs, by beat"
    tolerance = 0.02

    def measure(self, drawn: FigureInput) -> float:
        """0 where all tracks play the same; `GanzooError` where no two sound at once."""
        legend = self.legend(drawn)
        return mean_of([harmony.tonal_distances(rolls, legend) for rolls in self.rolls(drawn)])


class Chords(MusicFigure):
    """The share of beats that begin with a triad or a chord of the seventh."""

    title, unit = "chords", "%"
    protocol = (
        "beats that begin with 3 or more pitch classes of one major, minor or diminished triad or "
        "chord of the seventh and no other"
    )
    digits, tolerance = 1, 1.0

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent."""
        legend = self.legend(drawn)
        return share_of([harmony.chords(rolls, legend) for rolls in self.rolls(drawn)])


class Steps(MusicFigure):
    """How far a voice moves from one note to the next."""

    title = "melodic step"
    protocol = "semitones from a track's highest note to its next one, where it moves"
    tolerance = 0.05

    def measure(self, drawn: FigureInput) -> float:
        """In semitones; `GanzooError` where no track moves."""
        return mean_of([harmony.moves(rolls) for rolls in self.rolls(drawn)])


class NewBars(MusicFigure):
    """The share of bars, in all tracks together, that are no bar of the training music."""

    title, unit = "new bars", "%"
    protocol = "bars that differ from each bar of the training windows"
    digits, tolerance = 1, 1.0

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent."""
        steps = self.legend(drawn).steps_per_bar
        known = known_bars(drawn.training, steps)
        bars = [bar for rolls in self.rolls(drawn) for bar in bars_of(rolls, steps)]
        return 100 * sum(bar not in known for bar in bars) / max(1, len(bars))


@lru_cache(maxsize=2)
def known_bars(data: Dataset, steps: int) -> frozenset[bytes]:
    """All bars of a data set."""
    return frozenset(bar for rolls in rolls_in(data) for bar in bars_of(rolls, steps))


def bars_of(rolls: Roll, steps: int) -> Iterator[bytes]:
    """Each bar of all tracks, as bytes."""
    bars = harmony.in_units(rolls, steps).swapaxes(1, 2)
    for bar in bars.reshape(-1, *bars.shape[2:]):
        yield np.packbits(bar).tobytes()


def _shares(rolls: Iterator[Roll], lowest: int) -> Numbers:
    """The share of each pitch class in what sounds: [12]."""
    counts = sum(harmony.chroma(each, lowest).sum((0, 1, 2)) for each in rolls)
    shares: Numbers = counts / np.maximum(1, np.sum(counts))
    return shares


def mean_of(values: list[Numbers]) -> float:
    """The mean of numbers that come in pieces; `GanzooError` if there are none."""
    every = np.concatenate(values)
    if not len(every):
        raise GanzooError("there is nothing to count: the music is silent, or does not move")
    return float(every.mean())


def share_of(counts: list[tuple[int, int]]) -> float:
    """A share in percent of (how many have it, how many there are) in pieces."""
    having, every = (sum(numbers) for numbers in zip(*counts, strict=True))
    if not every:
        raise GanzooError("there is nothing to count: the music is silent")
    return 100 * float(having) / float(every)
