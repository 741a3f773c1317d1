"""What a model folder lacks before it may go to other people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from ganzoo.errors import CardError
from ganzoo.hub.contents import README, files_of
from ganzoo.hub.intact import mismatch
from ganzoo.specs import GENERATOR_FILE, ModelConfig
from ganzoo.specs.readme import blanks, prose_of, read_readme, readme_of


def missing(folder: Path, config: ModelConfig, name: str) -> Iterator[str]:
    """Each thing that is missing, wrong or stale, with what to do; nothing where all is well."""
    if config.name is None:
        yield "config.json states no name; write one there, such as my-digits"
    yield from _weights(folder, config)
    yield from _licences(config)
    yield from _readme(folder, config, name)
    for file in files_of(folder, config):
        if (folder / file).is_symlink():
            yield f"{file} is a link; put the file itself there"


def _weights(folder: Path, config: ModelConfig) -> Iterator[str]:
    if GENERATOR_FILE not in config.files:
        yield f"config.json names no {GENERATOR_FILE}; train it first"
    for file, record in config.files.items():
        if not (folder / file).is_file():
            yield f"{file} is missing"
        elif problem := mismatch(folder / file, record):
            yield problem


def _licences(config: ModelConfig) -> Iterator[str]:
    if config.licenses is None:
        yield "config.json states no licenses; write those of code, weights and data there"
        return
    for field in fields(config.licenses):
        if not getattr(config.licenses, field.name).strip():
            yield f"licenses.{field.name} is empty"


def _readme(folder: Path, config: ModelConfig, name: str) -> Iterator[str]:
    """The front matter and the figures are config.json's; the prose is a person's."""
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
        yield f"{README} holds no prose; say what the model is for, and how it fails"
    elif asked := blanks(prose):
        yield f"{README} still asks for {', and for '.join(asked)}; write it there"
    elif not fresh:
        yield f"{README} is not what config.json says; {build}"
