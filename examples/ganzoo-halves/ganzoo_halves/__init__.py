"""A small pix2pix on half digits, for ganzoo. This module holds the hooks and imports no torch."""

from pathlib import Path

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_datasets():
    return {"halves": "ganzoo_halves.halves:Halves"}


@hookimpl
def ganzoo_generators():
    return {"continue": "ganzoo_halves.networks:Continuing"}


@hookimpl
def ganzoo_discriminators():
    return {"continue": "ganzoo_halves.networks:Judging"}


@hookimpl
def ganzoo_losses():
    return {"pix2pix": "ganzoo_halves.game:Pix2Pix"}


@hookimpl
def ganzoo_cards():
    return [Path(__file__).parent / "models"]
