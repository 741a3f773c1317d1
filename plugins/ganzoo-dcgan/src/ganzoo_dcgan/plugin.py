"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The family's, and the one in the layout of the authors' code."""
    return {
        "dcgan": "ganzoo_dcgan.networks:DCGANGenerator",
        "dcgan-2015": "ganzoo_dcgan.first:FirstGenerator",
    }


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The family's, and the one in the layout of the authors' code."""
    return {
        "dcgan": "ganzoo_dcgan.networks:DCGANDiscriminator",
        "dcgan-2015": "ganzoo_dcgan.first:FirstDiscriminator",
    }
