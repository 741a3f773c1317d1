"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo import hookimpl

ganzoo_api = 1

_SMALL = {"size": 28, "channels": 1, "widths": 32}
_TOLD = {"size": 32, "channels": 3, "widths": [32, 32, 32, 16], "blocks": 1, "num_classes": 10}
_DENSE = {"size": 32, "widths": 12, "blocks": 1, "expansion": 1, "group_width": None}
_PLAYED = {"size": 28, "channels": 1, "widths": 32, "blocks": 1}

ganzoo_examples: dict[str, Any] = {
    "generator/r3gan": [_SMALL, _TOLD, _DENSE],
    "discriminator/r3gan": [_SMALL, _TOLD, _DENSE],
    "game/r3gan": {
        "generator": {"name": "ganzoo-r3gan/r3gan", "arguments": _PLAYED},
        "discriminator": {"name": "ganzoo-r3gan/r3gan", "arguments": _PLAYED},
        "loss": {"name": "relativistic", "arguments": {"r1_gamma": 0.1, "r2_gamma": 0.1}},
        "data": "mnist-mini",
    },
}


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The generator."""
    return {"r3gan": "ganzoo_r3gan.networks:R3GANGenerator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The discriminator."""
    return {"r3gan": "ganzoo_r3gan.networks:R3GANDiscriminator"}


@hookimpl
def ganzoo_cards() -> list[Path]:
    """The paper's recipes, without weights: each takes days on several GPUs."""
    return [Path(__file__).parent / "cards"]
