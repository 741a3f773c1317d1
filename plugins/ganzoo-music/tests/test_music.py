"""Music as data, as samples and as files."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import ganzoo_music
import mido
import numpy as np
import pytest
import torch
from ganzoo_music.files import MidiFiles
from ganzoo_music.keys import key_of, shift_to_c
from ganzoo_music.melody import highest, phrases_of
from ganzoo_music.midi import midi_bytes, read_midi
from ganzoo_music.notes import Legend, MusicError, Note, name_of, notes_of, roll_of, rolls_of
from ganzoo_music.sound import RATE, tone_of, wav_bytes
from ganzoo_music.writing import MusicWriter
from torch.testing import assert_close

import ganzoo
from ganzoo import OwnPictures
from ganzoo.views import Notes

CADENCES = Path(ganzoo_music.__file__).with_name("data") / "cadences.mid"
LEGEND = Legend(60, ("high", "low"))
NOTES = [Note(0, 0, 4, 72), Note(0, 4, 6, 71), Note(0, 8, 16, 72), Note(1, 0, 16, 64)]


def written(tmp_path, notes, steps=16, legend=LEGEND, name="score.mid"):
    path = tmp_path / name
    path.write_bytes(midi_bytes(notes, steps, legend))
    return path


def test_rolls_and_notes_say_the_same():
    roll = roll_of(NOTES, (2, 16, 24), 60)
    assert notes_of(roll, 60) == sorted(NOTES)
    assert roll.sum() == sum(note.end - note.start for note in NOTES)
    assert name_of(60) == "C4" and name_of(70) == "Bb4"


def test_a_pitch_sounds_from_one_half_on():
    samples = torch.tensor([0.49, 0.5, 1.0]).view(1, 1, 1, 3)
    assert rolls_of(samples).tolist() == [[[[False, True, True]]]]


def test_a_midi_file_comes_back_as_it_was(tmp_path):
    path = written(tmp_path, NOTES)
    assert [note for track in read_midi(path, 4) for note in track] == sorted(NOTES)
    file = mido.MidiFile(path)
    assert [track.name for track in file.tracks[1:]] == ["high", "low"]
    assert file.length == pytest.approx(16 / 4 * 60 / 88, rel=1e-4)


def test_notes_are_put_on_the_nearest_sixteenth(tmp_path):
    track = mido.MidiTrack()
    for kind, pitch, time in (("note_on", 60, 13), ("note_off", 60, 220), ("note_on", 64, 9)):
        track.append(mido.Message(kind, note=pitch, velocity=64, time=time))
    track.append(mido.Message("note_on", note=64, velocity=0, time=1))  # an end, and of no length
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(tmp_path / "a.mid")
    assert read_midi(tmp_path / "a.mid", 4) == [[Note(0, 0, 2, 60), Note(0, 2, 3, 64)]]


def test_a_sound_is_as_long_and_as_high_as_the_note():
    content = wav_bytes([Note(0, 0, 16, 69)], 16, LEGEND)
    assert content == wav_bytes([Note(0, 0, 16, 69)], 16, LEGEND)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, RATE, 2)
        assert file.getnframes() / RATE == pytest.approx(16 * 60 / 88 / 4 + 0.18, abs=0.001)
    tone = tone_of(69, RATE)
    assert np.abs(np.fft.rfft(tone[:RATE])).argmax() == 440
    assert abs(tone[0]) < 1e-6 and abs(tone[-1]) < 1e-3, "it begins and ends without a click"


def test_a_folder_of_files_is_cut_into_bars(tmp_path):
    for number in range(12):
        notes = [Note(0, start, start + 4, 60 + number) for start in range(0, 40, 4)]
        written(tmp_path, notes, 48, LEGEND, f"{number}.mid")
    train, test = (MidiFiles(str(tmp_path), split, bars=2) for split in ("train", "test"))
    assert (len(train), len(test)) == (22, 2), "three bars make two windows"
    assert train.sample_shape == test.sample_shape == (1, 32, 12)
    both = [
        set(rolls_of(data.batch(torch.arange(len(data)))[0]).any((1, 2)).nonzero()[1])
        for data in (train, test)
    ]
    assert not both[0] & both[1] and len(both[0] | both[1]) == 12


def test_a_single_file_has_stretches_in_both_splits():
    train, test = (MidiFiles(str(CADENCES), split, tracks=4, bars=2) for split in ("train", "test"))
    assert train.sample_shape == (4, 32, 48)
    assert len(train) and len(test)
    assert train.legend["lowest"] == 36
    loaded = ganzoo.datasets.load(f"midi:{CADENCES}", tracks=4, bars=2)
    assert loaded.content_hash() == train.content_hash()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"tracks": 3},
            "has 4 tracks with notes, and 3 are asked for; give other files, or tracks=1",
        ),
        (
            {"lowest": 60, "pitches": 12},
            r"has notes from .* \(.* to .*\), and samples have C4 to B4",
        ),
        ({"lowest": 120, "pitches": -1}, "pitches are MIDI's, 0 to 127"),
        ({"bars": 17}, "has no 17 whole bars in a row; ask for fewer bars"),
        ({"bars": 0}, "bars is a whole number of 1 or more, found 0"),
        ({"tracks": 0}, "tracks is a whole number of 1 or more, found 0"),
        ({"harmonise": True}, "has 1 track, and a melody is harmonised by others; set tracks"),
        ({"split": "val"}, "split is 'train' or 'test', found 'val'"),
    ],
)
def test_a_score_of_another_form_gets_one_line(arguments, text):
    with pytest.raises(MusicError, match=text) as error:
        MidiFiles(str(CADENCES), **arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.mid", b"hello", "is no MIDI file"),
        ("a.mid", CADENCES.read_bytes()[:900], "is no MIDI file"),
        ("a.mid", midi_bytes([], 16, LEGEND), "has no notes; give a MIDI file of a score"),
        ("a.txt", b"hello", "contains no MIDI files, whose names end in .mid or .midi"),
    ],
)
def test_files_that_are_no_scores_get_one_line(tmp_path, name, content, text):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MusicError, match=text) as error:
        MidiFiles(str(tmp_path))
    assert "\n" not in str(error.value)


def test_a_path_that_is_missing_gets_one_line():
    with pytest.raises(MusicError, match="there is no file or folder none"):
        ganzoo.datasets.load("midi:none")


def test_the_key_is_known_by_its_pitch_classes():
    c_major = np.zeros(12)
    c_major[[0, 2, 4, 5, 7, 9, 11]] = [4, 2, 3, 2, 4, 2, 1]
    assert key_of(c_major) == (0, True) and shift_to_c(c_major) == 0
    assert key_of(np.roll(c_major, 7)) == (7, True) and shift_to_c(np.roll(c_major, 7)) == 5
    a_minor = np.zeros(12)
    a_minor[[9, 11, 0, 2, 4, 5, 8]] = [4, 1, 3, 2, 4, 1, 2]
    assert key_of(a_minor) == (9, False) and shift_to_c(np.roll(a_minor, 2)) == -2


def own(path, **choices):
    return OwnPictures((4, 16, 54), (1, 16, 54), lambda shape: torch.zeros(shape), choices, path)


def test_a_melody_becomes_phrases_in_c(tmp_path):
    tune = [(2, 2), (6, 1), (9, 1), (7, 1), (6, 1), (4, 1), (2, 1)]  # in D, an octave too low
    notes, step = [], 0
    for degree, beats in tune:
        notes.append(Note(0, step, step + 4 * beats, 48 + degree))
        step += 4 * beats
    path = written(tmp_path, notes, 48, Legend(36, ("tune",)))
    phrases = phrases_of(own(path), 31, transposed=True)
    assert phrases.shape == (2, 1, 16, 54)
    sounding = rolls_of(phrases)
    assert [note.pitch for note in notes_of(sounding[0], 31)][:1] == [72]
    assert {n.pitch % 12 for roll in sounding for n in notes_of(roll, 31)} <= {0, 2, 4, 5, 7}
    with pytest.raises(MusicError, match="has notes in tracks 1, found --track 2"):
        phrases_of(own(path, track="2"), 31, transposed=True)
    with pytest.raises(MusicError, match=r"has notes from D3 to A3 .* samples have C4 to F8"):
        phrases_of(own(path), 60, transposed=False)


def test_the_highest_of_several_notes_is_the_melody():
    notes = [Note(0, 0, 8, 60), Note(0, 2, 4, 67), Note(0, 8, 10, 62)]
    assert highest(notes) == [
        Note(0, 0, 2, 60),
        Note(0, 2, 4, 67),
        Note(0, 4, 8, 60),
        Note(0, 8, 10, 62),
    ]


@pytest.fixture
def some():
    data = MidiFiles(str(CADENCES), tracks=4, bars=2)
    return data.batch(torch.arange(5))[0], data.legend


@pytest.mark.parametrize("ending", MusicWriter.endings)
def test_the_writer_writes_the_same_bytes_whole(some, tmp_path, ending):
    samples, legend = some
    (file,) = MusicWriter().write(samples, tmp_path / "new" / f"out{ending}", legend)
    (again,) = MusicWriter().write(samples, tmp_path / f"again{ending}", legend)
    assert file.read_bytes() == again.read_bytes()
    assert [*file.parent.iterdir()] == [file]


def test_samples_become_one_piece_or_a_file_each(some, tmp_path):
    samples, legend = some
    MusicWriter().write(samples, tmp_path / "one.mid", legend)
    assert mido.MidiFile(tmp_path / "one.mid").length == pytest.approx(5 * 8 * 60 / 88, rel=1e-3)
    files = MusicWriter().write(samples, tmp_path / "each", legend)
    assert [file.name for file in files] == [f"0000{number}.mid" for number in range(5)]
    tracks = read_midi(files[2], 4)
    assert_close(
        torch.from_numpy(roll_of([n for t in tracks for n in t], samples.shape[1:], 36)).float(),
        samples[2],
    )


def test_pictures_show_each_track_in_its_colour(some):
    samples, legend = some
    pictures = MusicWriter().pictures(samples, legend)
    assert pictures.dtype == torch.uint8 and pictures.shape == (5, 3, 4 * 48, 4 * 32)
    silent = MusicWriter().pictures(torch.zeros_like(samples), legend)
    assert ((pictures != silent).any(1).flatten(1).sum(1) > 500).all(), "each has ink"


def test_pages_know_the_notes(some):
    samples, legend = some
    view = MusicWriter().view(tuple(samples.shape[1:]), legend)
    assert view == Notes(36, 4, 88, 4, tuple(legend["tracks"]), threshold=0.5)


def test_what_is_no_music_is_not_written(some, tmp_path):
    samples, legend = some
    with pytest.raises(MusicError, match=r"music is written as .mid, .wav, .png, .npy, or into"):
        MusicWriter().write(samples, tmp_path / "out.mp3", legend)
    with pytest.raises(MusicError, match="beside a legend with lowest and tracks"):
        MusicWriter().write(samples, tmp_path / "out.mid", {})
    assert [*tmp_path.iterdir()] == []
