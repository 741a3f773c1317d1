"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo import hookimpl

ganzoo_api = 1

CADENCES = str(Path(__file__).with_name("data") / "cadences.mid")
_SCORE = {"path": CADENCES, "tracks": 4, "bars": 2}
_SHAPE = {"sample_shape": [4, 32, 48]}
_BAR = {"sample_shape": [4, 16, 48]}
_GIVEN = {**_SHAPE, "condition_shape": [1, 32, 48]}
_SMALL = {"latent_size": 2, "width": 8, "shared_width": 8}
#: What `ganzoo check` builds them with.
ganzoo_examples: dict[str, Any] = {
    "dataset/chorales": [{"count": 12}, {"count": 12, "bars": 2, "harmonise": True}],
    "dataset/midi": [
        _SCORE,
        {**_SCORE, "harmonise": True},
        {"path": CADENCES, "bars": 1},
    ],
    "game/musegan": {
        "generator": {
            "name": "ganzoo-music/musegan",
            "arguments": {**_BAR, "latent_size": 4, "width": 16, "shared_width": 16},
        },
        "discriminator": {"name": "ganzoo-music/musegan", "arguments": {**_BAR, "width": 32}},
        "loss": {"name": "ganzoo/non-saturating", "arguments": {"r1_gamma": 1.0}},
        "data": {"name": "ganzoo-music/midi", "arguments": {**_SCORE, "bars": 1}},
    },
    "generator/musegan": [
        {**_SHAPE, **_SMALL},
        {**_GIVEN, **_SMALL},
        {"sample_shape": [1, 16, 48], "voices": False, **_SMALL},
        {**_BAR, "melodic": True, **_SMALL},
    ],
    "discriminator/musegan": [
        {**_SHAPE, "width": 8},
        {**_GIVEN, "width": 8, "leaps": True},
        {"sample_shape": [1, 16, 48], "width": 8},
    ],
}


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
    return {"musegan": "ganzoo_music.generator:MuseGAN"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The critic."""
    return {"musegan": "ganzoo_music.critic:MusicCritic"}


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
