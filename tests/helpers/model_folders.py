"""Model folders of the tiny parts, with empty weights or complete as one publishes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from ganzoo.build import build
from ganzoo.cards import Catalogue
from ganzoo.interfaces import Generator
from ganzoo.plugins import CORE
from ganzoo.sampling import seeded_layers
from ganzoo.specs import Part, read_config, write_record
from ganzoo.specs.readme import readme_of
from ganzoo.weights import save_weights
from tiny import TinyDiscriminator, TinyGenerator

LICENCES = {"code": "Apache-2.0", "weights": "CC-BY-4.0", "data": "CC0-1.0"}
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


def write_published(folder: Path, **keys: Any) -> Path:
    """Write weights, config.json (with `keys` laid over it), README.md and samples."""
    folder.mkdir(parents=True)
    save_weights(folder / "model.safetensors", TinyGenerator(), Part("tiny/tiny"))
    save_weights(folder / "discriminator.safetensors", TinyDiscriminator(), Part("tiny/tiny"))
    (folder / "samples.txt").write_text("0.1 0.2\n")
    return describe(folder, **keys)


def write_untrained(folder: Path, generator: Part, **keys: Any) -> Path:
    """A model folder whose generator is as it was drawn, under a seed of its own."""
    folder.mkdir(parents=True)
    with seeded_layers(0, torch.device("cpu")):
        network = build(Generator, generator)
    record = write_record(save_weights(folder / "model.safetensors", network, generator))
    described = {"generator": write_record(generator), "files": {"model.safetensors": record}}
    (folder / "config.json").write_text(json.dumps(config_of(**described, **keys)))
    return folder


def write_large(folder: Path, size: int) -> Path:
    """A folder whose weights are `size` bytes of nothing in particular, to be moved about."""
    folder.mkdir(parents=True)
    block = bytes(range(256)) * 4096
    (folder / "model.safetensors").write_bytes((block * (size // len(block) + 1))[:size])
    return describe(folder)


def describe(folder: Path, **keys: Any) -> Path:
    """Write config.json and README.md for the weights that lie in a folder."""
    weights = {path.name: record_of(path) for path in folder.glob("*.safetensors")}
    about = {"name": "tiny-ring", "kind": "tiny-points", "requires": {"tiny": ">=0.1"}}
    config = config_of(**{**about, "files": weights, "licenses": LICENCES, **keys})
    (folder / "config.json").write_text(json.dumps(config))
    read, _ = read_config(folder / "config.json")
    (folder / "README.md").write_text(readme_of(read, "tiny-ring", "# A ring\n\nIt is one.\n"))
    return folder


def record_of(path: Path) -> dict[str, Any]:
    """A file's sha256 and bytes."""
    data = path.read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
