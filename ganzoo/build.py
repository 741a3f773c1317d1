"""Parts by name: found among the active plugins, built, and checked against their interface.

Below the commands and `load`, this is the one place that asks which plugins are in force.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from ganzoo.arguments import text_of
from ganzoo.cards import catalogue
from ganzoo.errors import GanzooError, PartError
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
from ganzoo.plugins.registry import Offer, parameters_of
from ganzoo.specs import ModelConfig, Part

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


def offer_of(interface: type[P], name: str) -> Offer:
    """The part that an active plugin offers under a bare or qualified name."""
    return catalogue().registry.find(_KINDS[interface], name)


def offers_of(interface: type[P]) -> list[Offer]:
    """All parts of an interface that the active plugins offer, by name."""
    return catalogue().registry.offers(_KINDS[interface])


def factory_of(interface: type[P], part: Part) -> Any:
    """The class or function that builds a part."""
    return offer_of(interface, part.name).resolve()


def build(interface: type[P], part: Part) -> P:
    """Build a part and check that it is an instance of its interface."""
    offer = offer_of(interface, part.name)
    made = offer.build(**part.arguments)
    if not isinstance(made, interface):
        raise PartError(
            f"{offer.kind} {offer.qualified}: {offer.target} makes a {type(made).__name__}, "
            f"which is not a subclass of ganzoo.{interface.__name__}"
        )
    if isinstance(made, Generator | Discriminator):
        _check_declared(made, offer)
    return made


def _check_declared(network: Generator | Discriminator, offer: Offer) -> None:
    """Refuse a network that lacks what every network declares."""
    names = ("latent_dim", "sample_shape") if isinstance(network, Generator) else ("sample_shape",)
    for name in names:
        if getattr(network, name, None) is None:
            raise PartError(
                f"{offer.kind} {offer.qualified} does not set {name}; set {' and '.join(names)} in "
                "its class or its __init__"
            )


def is_here(part: Part) -> bool:
    """Whether a data set, and those that its arguments name, can be built without fetching."""
    return all(dataset_class(one).is_here() for one in (part, *parts_within(Dataset, part)))


def dataset_class(part: Part) -> type[Dataset]:
    """The class of a data set, which need not be here; `Dataset` itself if a function makes it."""
    factory = factory_of(Dataset, part)
    return factory if isinstance(factory, type) and issubclass(factory, Dataset) else Dataset


def parts_within(interface: type[P], part: Part) -> Iterator[Part]:
    """The parts of an interface that arguments name, and those that their own arguments name.

    They are named by text, or by `{"name": ..., "arguments": {...}}`.
    """
    known = {name for one in offers_of(interface) for name in (one.name, one.qualified)}
    for value in part.arguments.values():
        given = value if isinstance(value, Mapping) else {"name": value}
        name = str(given.get("name")).partition(":")[0]
        if name in known:
            inner = Part(name, {**given.get("arguments", {})})
            yield qualify(interface, inner)
            yield from parts_within(interface, inner)


def parts_in_arguments(config: ModelConfig) -> list[Part]:
    """The data sets that a recipe's data names in its arguments, and the extractors of its loss."""
    recipe = config.recipe
    return [*parts_within(Dataset, recipe.data), *parts_within(Extractor, recipe.loss)]


def qualify(interface: type[P], part: Q) -> Q:
    """The same part under its qualified name, as config.json stores it."""
    return replace(part, name=offer_of(interface, part.name).qualified)


def taken_arguments(interface: type[P], part: Part) -> dict[str, inspect.Parameter]:
    """The named arguments that the part can be built with."""
    parameters = parameters_of(factory_of(interface, part)).items()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in parameters if parameter.kind in named}


def needed_arguments(interface: type[P], part: Part) -> set[str]:
    """Arguments that the part cannot be built without, and that it is not given."""
    taken = taken_arguments(interface, part).items()
    return {name for name, p in taken if p.default is p.empty} - part.arguments.keys()


def open_form(part: Part) -> set[str]:
    """Which of `size` and `channels` a data set leaves open.

    They are those that it needs, and of the pictures at a `path` those without a value.
    """
    taken, form = taken_arguments(Dataset, part), {"size", "channels"}
    needed = form & needed_arguments(Dataset, part)
    if part.arguments.get("path") is None:
        return needed
    return needed | {
        name
        for name in form & taken.keys()
        if part.arguments.get(name) is None and taken[name].default in (None, taken[name].empty)
    }


def fitted(part: Q, shape: tuple[int, ...]) -> Q:
    """A data set's part with the `size` and `channels` that it leaves open, from a shape."""
    taken = taken_arguments(Dataset, part)
    arguments = {name: by_shape(taken[name], shape) for name in sorted(open_form(part))}
    if not arguments or None in arguments.values():
        return part  # building it reports what is missing
    return replace(part, arguments={**part.arguments, **arguments})


def read_alike(part: Q, legend: Mapping[str, Any]) -> Q:
    """A data set's part that reads samples as a model's `legend` says.

    The legend fills arguments of the names of its keys that are not given.
    """
    taken = taken_arguments(Dataset, part).keys() - part.arguments.keys()
    arguments = {name: value for name, value in legend.items() if name in taken}
    return replace(part, arguments={**part.arguments, **arguments}) if arguments else part


def by_shape(parameter: inspect.Parameter, shape: tuple[int, ...]) -> Any:
    """The `size`, `channels` or `sample_shape` for samples of a shape; None where none fits.

    `size` is one side, or [H, W] where samples are not square and the part may take a list.
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


def size_from(height: int, width: int) -> int | list[int]:
    """The `size` argument for these sides: one number for a square."""
    return height if height == width else [height, width]


def parts_that_take(interface: type[P], names: Collection[str]) -> list[str]:
    """The names of the parts that can be built with one of these arguments, without broken ones."""
    able = []
    for name in catalogue().registry.names(_KINDS[interface]):
        with suppress(GanzooError, ValueError, TypeError):
            if {*names} & parameters_of(offer_of(interface, name).resolve()).keys():
                able.append(name)
    return able


def create_generator(name: str, /, **arguments: Any) -> Generator:
    """Build an untrained generator by bare or qualified name, with its constructor's arguments."""
    return build(Generator, Part(text_of("the name", name), arguments))


def create_discriminator(name: str, /, **arguments: Any) -> Discriminator:
    """Build an untrained discriminator by bare or qualified name, with its arguments."""
    return build(Discriminator, Part(text_of("the name", name), arguments))


def create_loss(name: str, /, **arguments: Any) -> Loss:
    """Build a loss by bare or qualified name, with its constructor's arguments."""
    return build(Loss, Part(text_of("the name", name), arguments))
