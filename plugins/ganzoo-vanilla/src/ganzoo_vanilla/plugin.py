"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator."""
    return {"vanilla": "ganzoo_vanilla.networks:MLPGenerator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The discriminator."""
    return {"vanilla": "ganzoo_vanilla.networks:MLPDiscriminator"}
