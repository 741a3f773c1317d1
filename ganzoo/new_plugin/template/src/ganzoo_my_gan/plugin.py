"""What the plugin offers: names, and where the parts are. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path

from ganzoo import hookimpl

#: The contract that this plugin was written for.
ganzoo_api = 1


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator, by name."""
    return {"my-gan": "ganzoo_my_gan.networks:MyGanGenerator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The discriminator, by name."""
    return {"my-gan": "ganzoo_my_gan.networks:MyGanDiscriminator"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The loss, by name."""
    return {"my-gan": "ganzoo_my_gan.loss:MyGanLoss"}


@hookimpl
def ganzoo_cards() -> list[Path]:
    """The folder that holds the models' folders."""
    return [Path(__file__).parent / "models"]
