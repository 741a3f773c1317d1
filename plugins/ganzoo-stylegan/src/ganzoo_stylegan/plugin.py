"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from typing import Any

from ganzoo import hookimpl

ganzoo_api = 1

_GREY = {"size": 28, "channels": 1, "widths": 16}
_TOLD = {"size": 32, "channels": 3, "widths": [24, 24, 16, 8], "num_classes": 10}
_MAPPED = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2}
_OTHER = {"size": 16, "widths": 8, "taps": [1, 2, 1]}
_PLAYED = {"size": 28, "channels": 1, "widths": 24}

ganzoo_examples: dict[str, Any] = {
    "generator/stylegan2": [
        {**_GREY, **_MAPPED},
        {**_TOLD, **_MAPPED, "noise": "random"},
        {**_OTHER, **_MAPPED, "architecture": "residual", "noise": "none"},
    ],
    "discriminator/stylegan2": [_GREY, _TOLD, _OTHER],
    "game/stylegan2": {
        "generator": {"name": "ganzoo-stylegan/stylegan2", "arguments": {**_PLAYED, **_MAPPED}},
        "discriminator": {"name": "ganzoo-stylegan/stylegan2", "arguments": _PLAYED},
        "loss": "ganzoo-stylegan/stylegan2",
        "data": "mnist-mini",
    },
}

_BY_DESIGN = "minibatch deviation: scores depend on the batch (Karras et al. 2018, sec. 3)"
ganzoo_waivers = {
    "check_independence[discriminator/stylegan2]": _BY_DESIGN,
    "check_batch_statistics[game/stylegan2]": (
        "R1 uses the batch's scores, minibatch deviation included (Karras et al. 2020)"
    ),
}


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """The style-based generator."""
    return {"stylegan2": "ganzoo_stylegan.generator:StyleGAN2Generator"}


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """The residual discriminator."""
    return {"stylegan2": "ganzoo_stylegan.discriminator:StyleGAN2Discriminator"}


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """The logistic game with lazy R1 and path length."""
    return {"stylegan2": "ganzoo_stylegan.losses:StyleGAN2"}
