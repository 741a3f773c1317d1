"""The files that belong to a model folder: they are copied, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ganzoo.errors import CardError
from ganzoo.specs import ModelConfig

CONFIG = "config.json"
README = "README.md"

#: Plain names, which are valid on every system.
_WEIGHTS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.safetensors")
_SAMPLES = re.compile(r"samples\.[a-z0-9]{1,8}")


def weights_of(config: ModelConfig) -> list[str]:
    """The files that a config.json lists; `CardError` where one is not a safetensors file."""
    for file in config.files:
        if not _WEIGHTS.fullmatch(file):
            raise CardError(
                f"config.json lists the file {file[:100]!r}; a model's files are safetensors with "
                "plain names, such as model.safetensors"
            )
    return list(config.files)


def shown_of(names: Iterable[str]) -> list[str]:
    """README.md and the samples, of all names."""
    return sorted(name for name in names if name == README or _SAMPLES.fullmatch(name))


def files_of(folder: Path, config: ModelConfig) -> list[str]:
    """The names of a model folder's own files."""
    return [CONFIG, *weights_of(config), *shown_of(path.name for path in folder.iterdir())]
