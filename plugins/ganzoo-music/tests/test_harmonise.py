"""A network that is given the soprano: trained, exported, sampled, and asked for one's own tune."""

from __future__ import annotations

import pytest
import torch
from ganzoo_music.chorales import LOWEST
from ganzoo_music.midi import midi_bytes, read_midi
from ganzoo_music.notes import Legend, Note
from ganzoo_music.tunes import phrases, tunes

import commands
import ganzoo

STEPS = 32
TUNE = [
    Note(0, 4 * beat, 4 * beat + 4, 72 + step)
    for beat, step in enumerate([0, 2, 4, 5, 7, 5, 4, 2] * 2)
]


def test_the_tunes_are_whole_bars_a_soprano_can_sing():
    for name, melody in tunes().items():
        assert melody[-1].end % 64 == 0, name
        assert all(60 <= note.pitch <= 81 for note in melody), name


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("music21", reason="music21, which carries the chorales, is not installed")
    small = {"width": 8, "condition_shape": [1, STEPS, 54]}
    return ganzoo.train(
        generator="musegan",
        discriminator="musegan",
        loss="non-saturating",
        data="chorales",
        images=32,
        batch=16,
        device="cpu",
        out=tmp_path_factory.mktemp("runs") / "harmonise",
        set={
            "data.arguments": {"count": 12, "bars": 2, "harmonise": True},
            "generator.arguments": {**small, "shared_width": 8, "latent_size": 2},
            "discriminator.arguments": small,
        },
    )


def test_it_carries_and_keeps_well_known_melodies(run):
    assert torch.equal(run.model.conditions, phrases((1, STEPS, 54), LOWEST)[:64])
    samples = run.model.sample(5, seed=0)
    assert torch.equal(samples[:, :1], run.model.conditions[:5])
    assert samples.shape == (5, 4, STEPS, 54)


def test_a_tune_of_ones_own_gets_three_voices(run, tmp_path):
    (tmp_path / "tune.mid").write_bytes(midi_bytes(TUNE, 64, Legend(60, ("tune",))))
    out = tmp_path / "harmonised.mid"
    code = commands.ganzoo("sample", run.folder, "--conditions", tmp_path / "tune.mid", "-o", out)
    assert code == 0
    soprano = read_midi(out, 4)[0]
    assert [(note.start, note.pitch) for note in soprano] == [(n.start, n.pitch) for n in TUNE]


def test_a_file_that_is_no_score_gets_one_line(run, tmp_path, capsys):
    (tmp_path / "tune.mid").write_text("la la la")
    code = commands.ganzoo("sample", run.folder, "--conditions", tmp_path / "tune.mid")
    assert code == 1
    assert "tune.mid is no MIDI file" in capsys.readouterr().err
