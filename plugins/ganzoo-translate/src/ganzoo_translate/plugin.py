"""The parts of this plugin. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from typing import Any

from ganzoo import hookimpl

ganzoo_api = 1

_CONDITION = [2, 28, 28]
_GREY = {"condition_shape": _CONDITION, "size": 28, "channels": 1, "width": 8}
_SAME = {"condition_shape": [1, 16, 16], "size": 16, "channels": 1, "width": 4}
_SHAPES = {"sample_shape": [1, 16, 16], "condition_shape": [1, 16, 16]}
_HOLED = {**_SAME, "condition_shape": [2, 16, 16]}
_MINI = {"name": "mnist-mini", "arguments": {"size": 16}}
_FILLING = {
    "generator": {"name": "ganzoo-translate/unet", "arguments": {**_HOLED, "keep_known": True}},
    "discriminator": {"name": "ganzoo-translate/patch", "arguments": {**_HOLED, "layers": 2}},
    "data": {"name": "ganzoo-translate/pairs", "arguments": {"of": _MINI}},
}

ganzoo_examples: dict[str, Any] = {
    "dataset/pairs": [{"of": "mnist-mini"}, {"of": "mnist-mini", "transform": "edges"}],
    "dataset/unpaired": {"inputs": "mnist-mini", "targets": "mnist-mini", "variants": 2},
    "generator/cycle": {**_SAME, "blocks": 1},
    "generator/residual": {**_GREY, "blocks": 1, "latent_dim": 2},
    "discriminator/two-patches": _SAME,
    "game/cyclegan": {
        "generator": {"name": "ganzoo-translate/cycle", "arguments": {**_SAME, "blocks": 1}},
        "discriminator": {"name": "ganzoo-translate/two-patches", "arguments": _SAME},
        "loss": {"name": "ganzoo-translate/cyclegan", "arguments": _SHAPES},
        "data": {
            "name": "ganzoo-translate/unpaired",
            "arguments": {"inputs": _MINI, "targets": _MINI},
        },
    },
    "game/inpaint": {**_FILLING, "loss": "ganzoo-translate/inpaint"},
    "game/pix2pix": {**_FILLING, "loss": "ganzoo-translate/pix2pix"},
    "loss/cyclegan": _SHAPES,
    "generator/unet": [{**_GREY, "keep_known": True, "latent_dim": 4}, {**_GREY, "skips": False}],
    "discriminator/patch": [_GREY, {**_GREY, "norm": "batch", "layers": 2}],
}


@hookimpl
def ganzoo_datasets() -> dict[str, str]:
    """Pairs of pictures."""
    return {
        "folder-pairs": "ganzoo_translate.folders:FolderPairs",
        "pairs": "ganzoo_translate.pairs:Pairs",
        "side-by-side": "ganzoo_translate.folders:SideBySide",
        "unpaired": "ganzoo_translate.folders:Unpaired",
    }


@hookimpl
def ganzoo_generators() -> dict[str, str]:
    """Networks from picture to picture."""
    return {
        "cycle": "ganzoo_translate.residual:CycleTranslator",
        "residual": "ganzoo_translate.residual:ResidualTranslator",
        "unet": "ganzoo_translate.networks:UNet",
    }


@hookimpl
def ganzoo_discriminators() -> dict[str, str]:
    """Judges of a picture beside its input."""
    return {
        "patch": "ganzoo_translate.patches:PatchDiscriminator",
        "two-patches": "ganzoo_translate.patches:TwoPatchDiscriminators",
    }


@hookimpl
def ganzoo_losses() -> dict[str, str]:
    """Adversarial terms and nearness to the target."""
    return {
        "cyclegan": "ganzoo_translate.cycle:CycleGAN",
        "inpaint": "ganzoo_translate.games:Inpaint",
        "pix2pix": "ganzoo_translate.games:Pix2Pix",
    }


@hookimpl
def ganzoo_metrics() -> dict[str, str]:
    """Nearness to the target or to the input, and variety beside it."""
    return {
        "latent-diversity": "ganzoo_translate.figures:LatentDiversity",
        "psnr": "ganzoo_translate.figures:Psnr",
        "ssim": "ganzoo_translate.figures:Ssim",
        "target-distance": "ganzoo_translate.figures:TargetDistance",
        "way-back": "ganzoo_translate.figures:WayBack",
    }
