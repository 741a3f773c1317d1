"""A complete model folder of the tiny parts, as one publishes it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from folders import config_of
from ganzoo.specs import Part, read_config
from ganzoo.specs.readme import readme_of
from ganzoo.weights import save_weights
from tiny import TinyDiscriminator, TinyGenerator

LICENCES = {"code": "Apache-2.0", "weights": "CC-BY-4.0", "data": "CC0-1.0"}


def write_published(folder: Path, **keys: Any) -> Path:
    """Write weights, config.json (with `keys` laid over it), README.md and samples."""
    folder.mkdir(parents=True)
    save_weights(folder / "model.safetensors", TinyGenerator(), Part("tiny/tiny"))
    save_weights(folder / "discriminator.safetensors", TinyDiscriminator(), Part("tiny/tiny"))
    (folder / "samples.txt").write_text("0.1 0.2\n")
    return describe(folder, **keys)


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
