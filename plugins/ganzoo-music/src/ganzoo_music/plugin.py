"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Bach's chorales, and MIDI files."""
    return {
        "chorales": "ganzoo_music.chorales:Chorales",
        "midi": "ganzoo_music.files:MidiFiles",
    }


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """Tracks from shared and private latents."""
    return {"musegan": "ganzoo_music.networks:MuseGAN"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The critic."""
    return {"musegan": "ganzoo_music.networks:MusicCritic"}


@hookimpl
def ganzoo_writers() -> dict[str, str]:
    """MIDI files, sound and pictures."""
    return {"music": "ganzoo_music.writing:MusicWriter"}


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Figures that only music has."""
    return {
        "chords": "ganzoo_music.figures:Chords",
        "empty-bars": "ganzoo_music.figures:EmptyBars",
        "melodic-step": "ganzoo_music.figures:Steps",
        "new-bars": "ganzoo_music.figures:NewBars",
        "pitch-classes": "ganzoo_music.figures:PitchClasses",
        "qualified-notes": "ganzoo_music.figures:QualifiedNotes",
        "tonal-distance": "ganzoo_music.figures:TonalDistance",
        "used-pitch-classes": "ganzoo_music.figures:UsedPitchClasses",
    }
