"""What this plugin offers. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator."""
    return {"dcgan": "ganzoo_dcgan.networks:DCGANGenerator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The discriminator."""
    return {"dcgan": "ganzoo_dcgan.networks:DCGANDiscriminator"}
