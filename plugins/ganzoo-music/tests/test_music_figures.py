"""Figures of music: by hand for a few notes, and the right way up for a piece."""

from __future__ import annotations

from pathlib import Path

import ganzoo_music
import numpy as np
import pytest
import torch
from ganzoo_music import figures, harmony
from ganzoo_music.files import MidiFiles
from ganzoo_music.notes import Legend, Note, roll_of

from ganzoo import FigureInput, GanzooError

CADENCES = Path(ganzoo_music.__file__).with_name("data") / "cadences.mid"
LEGEND = Legend(60, ("a", "b"))


def rolls(*notes, tracks=2, steps=16):
    return roll_of(notes, (tracks, steps, 24), 60)[None]


def chord(*pitches):
    return rolls(*(Note(0, 0, 16, pitch) for pitch in pitches), tracks=1)


def test_pitch_classes_are_counted_over_octaves():
    counts = harmony.chroma(rolls(Note(0, 0, 1, 62), Note(0, 0, 1, 74)), 60)
    assert counts[0, 0, 0].tolist() == [0, 0, 2, *[0] * 9]
    assert harmony.chroma(np.ones((1, 1, 1, 3), np.bool_), 71)[0, 0, 0].nonzero()[0].tolist() == [
        0,
        1,
        11,
    ]


def test_notes_of_three_steps_are_qualified():
    notes = (Note(0, 0, 3, 60), Note(0, 3, 5, 62), Note(1, 14, 16, 62), Note(1, 0, 8, 61))
    assert harmony.qualified(rolls(*notes)) == (2, 4)


def test_moves_are_measured_where_a_voice_changes():
    moved = harmony.moves(rolls(Note(0, 0, 4, 60), Note(0, 4, 8, 67), Note(0, 9, 16, 60)))
    assert moved.tolist() == [7], "a rest is between the others"


@pytest.mark.parametrize(
    ("pitches", "named"),
    [
        ((60, 64, 67), True),
        ((62, 65, 69), True),
        ((71, 74, 77), True),
        ((67, 71, 74, 77), True),
        ((60, 64), False),
        ((60, 65, 67), False),
        ((60, 61, 62), False),
        ((60, 64, 68), False),
    ],
)
def test_chords_by_name(pitches, named):
    assert harmony.chords(chord(*pitches), LEGEND) == (4 * named, 4)


def test_a_fifth_is_nearer_than_a_tritone():
    def distance(interval):
        both = rolls(Note(0, 0, 16, 60), Note(1, 0, 16, 60 + interval))
        return harmony.tonal_distances(both, LEGEND).mean()

    assert distance(0) == distance(12) == 0
    assert distance(7) < distance(4) < distance(6)
    # Harte et al. 2006, equation 2, by hand: a fifth turns the first circle by 7 * 7 pi / 6
    by_hand = [np.exp(1j * angle) - 1 for angle in (49 * np.pi / 6, 21 * np.pi / 2)]
    by_hand.append(0.5 * (np.exp(1j * 14 * np.pi / 3) - 1))
    assert distance(7) == pytest.approx(np.linalg.norm(np.abs(by_hand)))


def drawn(samples, training, real):
    values = {"samples": samples, "training": training, "real": real}
    return FigureInput(len(samples), 0, lambda: iter(samples.split(7)), values.__getitem__)


@pytest.fixture(scope="module")
def both():
    return [MidiFiles(str(CADENCES), split, tracks=4, bars=2) for split in ("train", "test")]


def test_the_corpus_has_its_own_figures(both):
    train, test = both
    real = drawn(test.batch(torch.arange(len(test)))[0], train, test)
    assert figures.EmptyBars().measure(real) == 0
    assert figures.Chords().measure(real) > 60
    assert 1 <= figures.UsedPitchClasses().measure(real) <= 5
    assert figures.PitchClasses().measure(real) == 0
    assert 1 < figures.Steps().measure(real) < 6
    own = drawn(train.batch(torch.arange(len(train)))[0], train, test)
    assert figures.NewBars().measure(own) == 0


def test_noise_is_far_from_it(both):
    train, test = both
    noise = torch.rand(20, *train.sample_shape, generator=torch.Generator().manual_seed(0))
    noise = drawn(noise * (noise > 0.9), train, test)
    assert figures.Chords().measure(noise) < 1
    assert figures.QualifiedNotes().measure(noise) < 5
    assert figures.UsedPitchClasses().measure(noise) > 11
    assert figures.NewBars().measure(noise) == 100
    assert figures.PitchClasses().measure(noise) > 0.1


def test_silence_has_no_notes_to_count(both):
    train, test = both
    silence = drawn(torch.zeros(3, *train.sample_shape), train, test)
    assert figures.EmptyBars().measure(silence) == 100
    for figure in (figures.QualifiedNotes(), figures.TonalDistance(), figures.Steps()):
        with pytest.raises(GanzooError, match="nothing to count: the music is silent"):
            figure.measure(silence)
