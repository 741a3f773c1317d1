"""The critic of music: it reads beats, and what theory looks at first in them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo import Discriminator
from ganzoo.layers import LeakyReLU
from ganzoo_music.generator import CLASSES, KERNEL, SLOPE, given_shape, shape_of, whole_bars

#: Moves of an octave or less: up, none, and down.
MOVES = 2 * CLASSES + 1


class MusicCritic(Discriminator):
    """Rolls [N, tracks, steps, pitches] -> scores [N], without any normalisation.

    All tracks of a beat are read at once, with the pitch classes and the beginnings of notes, as
    MuseGAN's critic reads chroma and onsets in streams of their own. Two more readings are products
    of rolls, which a network of sums would have to learn for each pitch by itself: how far each
    track moves, and which intervals each two tracks form. Beats see their neighbours twice, and
    then become bars. A given track stands in the sample, so the condition adds nothing.

    With `leaps` it also reads how often a track moves by more than an octave, which is not among
    the moves.
    """

    independent = True

    def __init__(
        self,
        sample_shape: Sequence[int] = (4, 64, 54),
        condition_shape: Sequence[int] | None = None,
        width: int = 96,
        steps_per_beat: int = 4,
        beats_per_bar: int = 4,
        leaps: bool = False,
    ) -> None:
        super().__init__()
        self.leaps = leaps
        tracks, steps, pitches = self.sample_shape = shape_of(sample_shape)
        self.condition_shape = given_shape(condition_shape, self.sample_shape)
        bars = whole_bars(steps, steps_per_beat * beats_per_bar)
        pairs = tracks * (tracks - 1) // 2
        seen = tracks * (pitches + CLASSES + 1 + MOVES + leaps) + pairs * CLASSES
        self.layers = nn.Sequential(
            nn.Conv1d(seen, width, steps_per_beat, stride=steps_per_beat),
            LeakyReLU(SLOPE),
            nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2),
            LeakyReLU(SLOPE),
            nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2),
            LeakyReLU(SLOPE),
            nn.Conv1d(width, 2 * width, beats_per_bar, stride=beats_per_bar),
            LeakyReLU(SLOPE),
            nn.Flatten(),
            nn.Linear(2 * width * bars, 1),
            nn.Flatten(0),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Rolls [N, tracks, steps, pitches] -> scores [N]."""
        classes = chroma(samples)
        near = moves(samples)
        readings = [samples, classes, onsets(samples), near, between(classes)]
        if self.leaps:
            readings.append(further(samples, near))
        seen = torch.cat([one.transpose(2, 3).flatten(1, 2) for one in readings], 1)
        scores: Tensor = self.layers(seen)
        return scores


def chroma(rolls: Tensor) -> Tensor:
    """How many pitches of each class sound, counted from the lowest: [..., P] -> [..., 12]."""
    whole = pad(rolls, (0, -rolls.shape[-1] % CLASSES))
    return whole.view(*rolls.shape[:-1], -1, CLASSES).sum(-2)


def onsets(rolls: Tensor) -> Tensor:
    """How many notes begin at each step: [N, tracks, steps, P] -> [N, tracks, steps, 1]."""
    before = pad(rolls[:, :, :-1], (0, 0, 1, 0))
    return (rolls * (1 - before)).sum(3, keepdim=True)


def moves(rolls: Tensor) -> Tensor:
    """How far each track moves, an octave at most: [N, tracks, steps, P] -> [N, tracks, steps, 25].

    Entry k counts the pitches of the step before that are followed by one k semitones higher, and
    entry -k those followed by one k semitones lower.
    """
    length = rolls.shape[-1] + CLASSES  # so that no leap across all pitches is taken for a step
    waves = torch.fft.rfft(rolls.float(), length)
    every = correlated(waves[:, :, :-1], waves[:, :, 1:], length)
    near = torch.cat([every[..., : CLASSES + 1], every[..., -CLASSES:]], 3)
    return pad(near, (0, 0, 1, 0))


def further(rolls: Tensor, near: Tensor) -> Tensor:
    """The moves beyond an octave, all but the `near` ones: [..., steps, P] -> [..., steps, 1]."""
    notes = rolls.float().sum(3, keepdim=True)
    every = pad(notes[:, :, :-1] * notes[:, :, 1:], (0, 0, 1, 0))
    return every - near.sum(3, keepdim=True)


def between(classes: Tensor) -> Tensor:
    """The intervals of each two tracks: pitch classes [N, tracks, steps, 12] -> [N, pairs, ...].

    Entry k counts the pitches of the first track above which the second has one by k semitones,
    octaves aside.
    """
    first, second = torch.triu_indices(classes.shape[1], classes.shape[1], 1)
    if not len(first):
        return classes[:, :0]
    waves = torch.fft.rfft(classes.float(), CLASSES)
    return correlated(waves[:, first], waves[:, second], CLASSES)


def correlated(first: Tensor, second: Tensor, length: int) -> Tensor:
    """Circular correlation over the last axis, from both spectra (the correlation theorem)."""
    both: Tensor = torch.fft.irfft(first.conj() * second, length)
    return both
