"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator."""
    return {"wgan": "ganzoo_wgan.networks:WGANGenerator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """A critic for clipping and one for penalties."""
    return {
        "wgan": "ganzoo_wgan.networks:ClippedCritic",
        "wgan-gp": "ganzoo_wgan.networks:PenalisedCritic",
    }


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The three games."""
    return {
        "wgan": "ganzoo_wgan.losses:WGAN",
        "wgan-gp": "ganzoo_wgan.losses:WGANGP",
        "wgan-lp": "ganzoo_wgan.losses:WGANLP",
    }
