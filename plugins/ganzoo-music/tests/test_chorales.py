"""Bach's chorales: read from music21's corpus, in one key, and split by melody."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from ganzoo_music import corpus
from ganzoo_music.chorales import HIGHEST, LOWEST, Chorales, lots_of, melody_groups
from ganzoo_music.corpus import Chorale
from ganzoo_music.notes import MusicError, rolls_of

import ganzoo

needs_music21 = pytest.mark.skipif(
    find_spec("music21") is None, reason="music21, which carries the chorales, is not installed"
)
FEW = 12


def melody(*pitches):
    """Quarter notes, in sixteenths."""
    return np.repeat(np.array(pitches, np.uint8), 4)


RISING = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60]


def test_a_melody_is_known_in_another_key_and_a_longer_piece():
    other = [60, 64, 67, 64] * 5
    melodies = [melody(*RISING), melody(*other), melody(*[55, 55], *[p + 5 for p in RISING])]
    assert melody_groups(melodies) == [0, 1, 0]


def test_repeated_notes_and_rests_are_no_melody():
    held, silent = [60] * 20, [60, 0, 62] * 6
    assert melody_groups([melody(*held), melody(*held)]) == [0, 1]
    assert melody_groups([melody(*silent), melody(*silent)]) == [0, 1]


def test_melodies_that_a_third_one_joins_are_one_group():
    first, last = (
        RISING,
        [p + 1 for p in reversed([60, 65, 60, 64, 67, 64, 69, 72, 74, 71, 67, 62, 60, 59])],
    )
    melodies = [melody(*last), melody(*first), melody(*first, *last)]
    assert melody_groups(melodies) == [0, 0, 0]


def test_one_melody_has_one_lot():
    read = [
        Chorale(name, np.stack([melody(*notes)] * 4), np.array([0]))
        for name, notes in (("a", RISING), ("b", [60, 67] * 8), ("c", RISING))
    ]
    lots = lots_of(read)
    assert lots[0] == lots[2] != lots[1]


@needs_music21
@pytest.mark.filterwarnings("ignore")
def test_a_score_becomes_rows_of_sixteenths():
    from music21 import meter, note, stream

    score = stream.Score()
    for name in ("Soprano", "Alto", "Tenor", "Bass"):
        part = stream.Part(id=name)
        part.partName = name
        upbeat, bar = stream.Measure(number=0), stream.Measure(number=1)
        upbeat.append([meter.TimeSignature("4/4"), note.Note("G4", quarterLength=1)])
        bar.append([note.Note("C5", quarterLength=1.5), note.Rest(quarterLength=0.5)])
        bar.append(note.Note("B4", quarterLength=1))  # a bar of three beats, as chorales end
        part.append([upbeat, bar])
        score.insert(0, part)
    assert corpus.is_chorale(score)
    made = corpus.chorale_of("made", score)
    assert made.bars.tolist() == [0, 4]
    assert made.voices[0].tolist() == [67] * 4 + [72] * 6 + [0] * 2 + [71] * 8


@needs_music21
def test_chorales_are_in_c_and_in_range():
    train, test = Chorales(count=FEW), Chorales("test", count=FEW)
    assert train.sample_shape == (4, 64, HIGHEST - LOWEST + 1)
    assert train.legend["tracks"] == ["soprano", "alto", "tenor", "bass"]
    rolls = rolls_of(train.batch(torch.arange(len(train)))[0])
    assert rolls.sum(-1).max() == 1, "a voice has one note at a time"
    assert rolls.any(-1).mean() > 0.97
    counts = np.bincount((rolls.nonzero()[3] + LOWEST) % 12, minlength=12) / rolls.sum()
    assert counts[[0, 2, 4, 5, 7, 9, 11]].sum() > 0.85
    assert len(test) and "windows of 4 bars" in test.summary


@needs_music21
def test_the_soprano_is_the_condition():
    data = Chorales(count=FEW, harmonise=True, bars=2)
    samples, conditions = data.batch(torch.tensor([0, 3]))
    assert data.condition_shape == (1, 32, 54)
    assert torch.equal(conditions, samples[:, :1])


def test_without_music21_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "music21", None)
    monkeypatch.setattr(corpus, "find_spec", lambda name: None)
    assert not Chorales.is_here()
    with pytest.raises(
        MusicError, match="music21, which is not installed; run: pip install music21"
    ):
        ganzoo.datasets.load("chorales")
