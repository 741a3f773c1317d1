"""WaveGAN on synthesised tones, for ganzoo. This module holds the hooks and imports no torch."""

from pathlib import Path

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_datasets():
    return {"tones": "ganzoo_tones.tones:Tones"}


@hookimpl
def ganzoo_generators():
    return {"wavegan": "ganzoo_tones.wavegan:WaveGenerator"}


@hookimpl
def ganzoo_discriminators():
    return {"wavegan": "ganzoo_tones.wavegan:WaveDiscriminator"}


@hookimpl
def ganzoo_losses():
    return {"pitched-rals": "ganzoo_tones.game:PitchedRaLS"}


@hookimpl
def ganzoo_writers():
    return {"audio": "ganzoo_tones.wav:write_wav"}


@hookimpl
def ganzoo_cards():
    return [Path(__file__).parent / "models"]
