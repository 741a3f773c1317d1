"""Model folders written by hand: a config.json, and empty files where weights would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganzoo.cards import Catalogue
from ganzoo.plugins import CORE

WEIGHTS = {"model.safetensors": {"sha256": "0" * 64, "bytes": 0}}


def config_of(**keys: Any) -> dict[str, Any]:
    """The least config.json of the tiny parts, with the given keys laid over it."""
    return {
        "ganzoo_config": 1,
        "generator": {"name": "tiny/tiny"},
        "discriminator": {"name": "tiny/tiny"},
        "recipe": {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "tiny/tiny-ring"}},
        **keys,
    }


def write_recipe(folder: Path, **keys: Any) -> Path:
    """A model folder without weights."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_of(**keys)))
    return folder


def write_model(folder: Path, **keys: Any) -> Path:
    """A model folder whose weights are there, though empty."""
    write_recipe(folder, files=WEIGHTS, **keys)
    (folder / "model.safetensors").touch()
    return folder


def only_official(catalogue: Catalogue, *places: Path) -> Catalogue:
    """Let the core offer the models below `places` and no others."""
    catalogue.manager.plugins[CORE].cards = list(places)
    return catalogue
