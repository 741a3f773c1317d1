"""Writing music: MIDI files, sound, and piano rolls as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo import Writer, written_whole
from ganzoo.views import Notes
from ganzoo_music.midi import midi_bytes
from ganzoo_music.notes import SOUNDS, Legend, MusicError, Note, Roll, notes_of, rolls_of
from ganzoo_music.pictures import pictures_of, png_bytes
from ganzoo_music.sound import wav_bytes


class MusicWriter(Writer):
    """Music [N, tracks, steps, pitches]: one piece of all samples, or a MIDI file each."""

    endings = (".mid", ".wav", ".png")

    def write(self, samples: Tensor, path: Path, legend: Mapping[str, Any]) -> list[Path]:
        """Write one piece as .mid or .wav, rolls as .png, or a folder of 00000.mid, ..."""
        meaning, rolls = Legend.of(legend), rolls_of(samples)
        if path.suffix:
            return [_write(rolls, path, meaning)]
        return [
            _write(roll[None], path / f"{number:05d}.mid", meaning)
            for number, roll in enumerate(rolls)
        ]

    def pictures(self, samples: Tensor, legend: Mapping[str, Any]) -> Tensor:
        """Each sample's piano roll, uint8 [N, 3, H, W]."""
        return pictures_of(rolls_of(samples), Legend.of(legend))

    def view(self, sample_shape: tuple[int, ...], legend: Mapping[str, Any]) -> Notes | None:
        """Notes, which a page can play."""
        if len(sample_shape) != 3:
            return None
        meaning = Legend.of(legend)
        return Notes(
            meaning.lowest,
            meaning.steps_per_beat,
            meaning.tempo,
            meaning.beats_per_bar,
            meaning.tracks,
            threshold=SOUNDS,
        )


def _write(rolls: Roll, path: Path, legend: Legend) -> Path:
    """Write one file whole."""
    content = _content(rolls, path, legend)
    with written_whole(path) as beside:
        beside.write_bytes(content)
    return path


def _content(rolls: Roll, path: Path, legend: Legend) -> bytes:
    """A file's bytes, in the form that its ending names."""
    match path.suffix.lower():
        case ".mid":
            return midi_bytes(*in_a_row(rolls, legend), legend)
        case ".wav":
            return wav_bytes(*in_a_row(rolls, legend), legend)
        case ".png":
            return png_bytes(pictures_of(rolls, legend))
    known = ", ".join(MusicWriter.endings)
    raise MusicError(f"{path}: music is written as {known}, .npy, or into a folder")


def in_a_row(rolls: Roll, legend: Legend) -> tuple[list[Note], int]:
    """The notes of all samples one after the other, and how many steps they take."""
    n, _, steps, _ = rolls.shape
    notes = [
        note._replace(start=note.start + number * steps, end=note.end + number * steps)
        for number, roll in enumerate(rolls)
        for note in notes_of(roll, legend.lowest)
    ]
    return notes, n * steps
