"""Building parts by name, and checking that they are what their plugin says."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from ganzoo.arguments import text_of
from ganzoo.cards import catalogue
from ganzoo.errors import GanzooError, PartError, UnknownNameError
from ganzoo.interfaces import (
    Augmentation,
    Dataset,
    Discriminator,
    Extractor,
    Figure,
    Generator,
    Loss,
    Schedule,
    Tracker,
)
from ganzoo.plugins.registry import parameters_of
from ganzoo.specs import Part

log = logging.getLogger("ganzoo")

P = TypeVar(
    "P",
    Generator,
    Discriminator,
    Loss,
    Dataset,
    Extractor,
    Figure,
    Tracker,
    Augmentation,
    Schedule,
)

Q = TypeVar("Q", bound=Part)

_KINDS: dict[type, str] = {
    Generator: "generator",
    Discriminator: "discriminator",
    Loss: "loss",
    Dataset: "dataset",
    Extractor: "extractor",
    Figure: "metric",
    Tracker: "tracker",
    Augmentation: "augmentation",
    Schedule: "schedule",
}

#: Kinds whose samples the core draws into one picture.
PICTURES = ("image", "points")


def build(interface: type[P], part: Part) -> P:
    """Build a part and check that it is an instance of its interface."""
    entry = catalogue().registry.find(_KINDS[interface], part.name)
    made = entry.build(**part.arguments)
    if not isinstance(made, interface):
        raise PartError(
            f"{entry.kind} {entry.qualified}: {entry.target} makes a {type(made).__name__}, "
            f"which is no subclass of ganzoo.{interface.__name__}"
        )
    return made


def qualify(interface: type[P], part: Q) -> Q:
    """The same part under its qualified name, as config.json stores it."""
    entry = catalogue().registry.find(_KINDS[interface], part.name)
    return replace(part, name=entry.qualified)


def taken_arguments(interface: type[P], part: Part) -> dict[str, inspect.Parameter]:
    """The named arguments that the part can be built with."""
    factory = catalogue().registry.find(_KINDS[interface], part.name).resolve()
    parameters = parameters_of(factory).items()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in parameters if parameter.kind in named}


def needed_arguments(interface: type[P], part: Part) -> set[str]:
    """Arguments that the part cannot be built without, and that it is not given."""
    taken = taken_arguments(interface, part).items()
    return {name for name, p in taken if p.default is p.empty} - part.arguments.keys()


def fitted(part: Q, shape: tuple[int, ...]) -> Q:
    """A data set's part with the `size` and `channels` that it needs and lacks, from a shape."""
    taken = taken_arguments(Dataset, part)
    lacking = sorted({"size", "channels"} & needed_arguments(Dataset, part))
    found = {name: by_shape(taken[name], shape) for name in lacking}
    if not found or None in found.values():
        return part  # building it says what is missing
    return replace(part, arguments={**part.arguments, **found})


def by_shape(parameter: inspect.Parameter, shape: tuple[int, ...]) -> Any:
    """What `size`, `channels` or `sample_shape` is for samples of a shape; None if it says nothing.

    `size` is a side, or [H, W] of samples that are no squares where the part may take a list.
    """
    if parameter.name == "sample_shape":
        return list(shape)
    if len(shape) != 3:
        return None
    if parameter.name == "channels":
        return shape[0]
    if parameter.name != "size":
        return None
    size = size_from(*shape[1:])
    squares_alone = parameter.annotation in (int, "int")
    return None if isinstance(size, list) and squares_alone else size


def parts_that_take(interface: type[P], names: Collection[str]) -> list[str]:
    """The parts by name that can be built with one of these arguments; no broken ones."""
    registry, kind = catalogue().registry, _KINDS[interface]
    found = []
    for name in registry.names(kind):
        with suppress(GanzooError, ValueError, TypeError):
            if {*names} & parameters_of(registry.find(kind, name).resolve()).keys():
                found.append(name)
    return found


def size_from(height: int, width: int) -> int | list[int]:
    """How `size` says these sides: one number for a square."""
    return height if height == width else [height, width]


def create_generator(name: str, /, **arguments: Any) -> Generator:
    """Build an untrained generator by bare or qualified name, with its constructor's arguments."""
    return build(Generator, Part(text_of("the name", name), arguments))


def create_discriminator(name: str, /, **arguments: Any) -> Discriminator:
    """Build an untrained discriminator by bare or qualified name, with its arguments."""
    return build(Discriminator, Part(text_of("the name", name), arguments))


def create_loss(name: str, /, **arguments: Any) -> Loss:
    """Build a loss by bare or qualified name, with its constructor's arguments."""
    return build(Loss, Part(text_of("the name", name), arguments))


def write_samples(kind: str, samples: Tensor, path: Path) -> list[Path]:
    """Write samples [N, *S] as their kind is written; returns the files."""
    written: list[Path] = catalogue().registry.find("writer", kind).resolve()(samples, path)
    return written


@cache
def _tell_once(text: str) -> None:
    log.warning("%s", text)


def write_grid(kind: str, samples: Tensor, stem: Path) -> list[Path]:
    """Write samples beside a training: images and points as a PNG, others as their writer does.

    Where nobody writes that kind, or two do, nothing is written and that is said once: a training
    does not fail for it.
    """
    try:
        catalogue().registry.find("writer", kind)
    except UnknownNameError as error:
        _tell_once(f"samples are not drawn: {error}")
        return []
    return write_samples(kind, samples, stem.with_suffix(".png") if kind in PICTURES else stem)
