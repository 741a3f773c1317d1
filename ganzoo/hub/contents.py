"""The files that belong to a model folder, and what it lacks before it can be published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from ganzoo.errors import CardError
from ganzoo.hub.intact import mismatch
from ganzoo.specs import GENERATOR_FILE, ModelConfig
from ganzoo.specs.readme import CURVES_FILE, blanks, prose_of, read_readme, readme_of

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
    """README.md, the samples and the curves of the training, of all names."""
    shown = (README, CURVES_FILE)
    return sorted(name for name in names if name in shown or _SAMPLES.fullmatch(name))


def files_of(folder: Path, config: ModelConfig) -> list[str]:
    """The names of a model folder's own files."""
    return [CONFIG, *weights_of(config), *shown_of(path.name for path in folder.iterdir())]


def missing(folder: Path, config: ModelConfig, name: str) -> Iterator[str]:
    """Each thing that is missing, wrong or stale, with what to do about it."""
    if config.name is None:
        yield "config.json states no name; add one, such as my-digits"
    yield from _weights(folder, config)
    yield from _licences(config)
    yield from _readme(folder, config, name)
    for file in files_of(folder, config):
        if (folder / file).is_symlink():
            yield f"{file} is a link; replace it with the file"


def _weights(folder: Path, config: ModelConfig) -> Iterator[str]:
    if GENERATOR_FILE not in config.files:
        yield f"config.json lists no {GENERATOR_FILE}; train the model first"
    for file, record in config.files.items():
        if not (folder / file).is_file():
            yield f"{file} is missing"
        elif problem := mismatch(folder / file, record):
            yield problem


def _licences(config: ModelConfig) -> Iterator[str]:
    if config.licenses is None:
        yield "config.json states no licenses; add those of code, weights and data"
        return
    for field in fields(config.licenses):
        if not getattr(config.licenses, field.name).strip():
            yield f"licenses.{field.name} is empty"


def _readme(folder: Path, config: ModelConfig, name: str) -> Iterator[str]:
    """Whether README.md has prose, and front matter and figures that match config.json."""
    build = f"run `ganzoo cards build {folder.parent}`"
    if not (folder / README).is_file():
        yield f"{README} is missing; {build} and write its prose"
        return
    try:
        text = read_readme(folder)
        prose = prose_of(text)
        fresh = readme_of(config, name, prose) == text
    except CardError as error:
        yield f"{README} cannot be read: {error}"
        return
    if not prose.strip():
        yield f"{README} has no prose; describe what the model is for, and how it fails"
    elif asked := blanks(prose):
        yield f"{README} still asks for {', and for '.join(asked)}; fill it in"
    elif not fresh:
        yield f"{README} does not match config.json; {build}"
