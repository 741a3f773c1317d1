"""MIDI files, read and written by mido."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo_music.notes import Legend, MusicError, Note

if TYPE_CHECKING:
    import mido

#: Ticks of a beat in files that are written, and how hard a key is pressed.
TICKS, VELOCITY = 480, 80
#: The channel of drums, counted from 0, and General MIDI's choir, which plays all other tracks.
DRUMS, CHOIR = 9, 52
ENDINGS = (".mid", ".midi")


def midi_bytes(notes: Sequence[Note], steps: int, legend: Legend) -> bytes:
    """A file of format 1: the tempo and the metre, then each track, `steps` long."""
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    tempo = mido.bpm2tempo(legend.tempo)
    head = [
        mido.MetaMessage("set_tempo", tempo=tempo),
        mido.MetaMessage("time_signature", numerator=legend.beats_per_bar, denominator=4),
    ]
    file.tracks.append(mido.MidiTrack([*head, mido.MetaMessage("end_of_track")]))
    for number, name in enumerate(legend.tracks):
        mine = [note for note in notes if note.track == number]
        file.tracks.append(_track(number, name, mine, steps, TICKS // legend.steps_per_beat))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def _track(number: int, name: str, notes: Sequence[Note], steps: int, ticks: int) -> mido.MidiTrack:
    """A track's messages in order, keys released before others are pressed."""
    import mido

    channel = number % 15 + (number % 15 >= DRUMS)
    events = [(note.end, False, note.pitch) for note in notes]
    events += [(note.start, True, note.pitch) for note in notes]
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    track.append(mido.Message("program_change", channel=channel, program=CHOIR))
    now = 0
    for step, pressed, pitch in sorted(events):
        kind, after = "note_on" if pressed else "note_off", (step - now) * ticks
        velocity = VELOCITY if pressed else 0
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=after))
        now = step
    track.append(mido.MetaMessage("end_of_track", time=(steps - now) * ticks))
    return track


def read_midi(path: Path, steps_per_beat: int) -> list[list[Note]]:
    """A file's tracks that have notes, each as notes in steps; drums are left out.

    Notes begin at the nearest step and last one at least. `MusicError` if it is no MIDI file, or
    has no notes.
    """
    file = _opened(path)
    per_step = file.ticks_per_beat / steps_per_beat
    tracks = [track for one in file.tracks if (track := _notes(one, per_step))]
    if not tracks:
        raise MusicError(f"{path} has no notes; give a MIDI file of a score")
    return [[note._replace(track=number) for note in track] for number, track in enumerate(tracks)]


def _opened(path: Path) -> mido.MidiFile:
    import mido

    try:
        file = mido.MidiFile(path)
        if not 0 < file.ticks_per_beat < 2**15:
            raise ValueError("it counts time in frames of a film")
    except OSError as error:
        problem = "cannot be read" if error.errno else "is no MIDI file"
        reason = error.strerror or str(error) or "it ends too early"
        raise MusicError(f"{path} {problem}: {reason}") from None
    except Exception as error:  # mido raises whatever the bytes lead to
        raise MusicError(f"{path} is no MIDI file: {str(error) or 'it ends too early'}") from None
    return file


def _notes(track: mido.MidiTrack, per_step: float) -> list[Note]:
    """The notes of a track; one that is struck again ends there."""
    notes, pressed, now = [], dict[tuple[int, int], int](), 0
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key, step = (message.channel, message.note), round(now / per_step)
        if key in pressed:
            start = pressed.pop(key)
            notes.append(Note(0, start, max(start + 1, step), message.note))
        if message.type == "note_on" and message.velocity:
            pressed[key] = step
    return sorted(notes)
