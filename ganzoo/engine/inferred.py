"""Arguments that the data set determines if they are left out: shapes, classes, conditions.

Only arguments with one of the contract's names are filled, and only where their own default does
not fit; a recipe that fits keeps its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from ganzoo.build import (
    build,
    by_shape,
    fitted,
    needed_arguments,
    open_form,
    taken_arguments,
)
from ganzoo.engine.ranks import Ranks
from ganzoo.errors import ConfigError, GanzooError, UsageError
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.plugins.registry import named_in, reason_of
from ganzoo.specs import ModelConfig, Part

Network: TypeAlias = Generator | Discriminator
#: Generator, Discriminator or Loss.
Interface: TypeAlias = type[Any]

PLAYERS: Mapping[str, Interface] = {"generator": Generator, "discriminator": Discriminator}
CLASSES, CONDITION = "num_classes", "condition_shape"
#: Arguments that determine the shape of a network's samples.
SHAPES = ("size", "channels", "sample_shape")


@dataclass(frozen=True)
class Facts:
    """What the other parts must know about a data set."""

    name: str
    shape: tuple[int, ...]
    num_classes: int | None
    condition_shape: tuple[int, ...] | None = None
    sizable: bool = False  # whether its argument `size` makes its samples of another

    @classmethod
    def of(cls, part: Part, data: Dataset) -> Facts:
        """The facts of an open data set."""
        condition = None if data.condition_shape is None else tuple(data.condition_shape)
        sizable = "size" in taken_arguments(Dataset, part)
        return cls(part.name, tuple(data.sample_shape), data.num_classes, condition, sizable)


def fit(
    config: ModelConfig, ranks: Ranks | None = None, known: ModelConfig | None = None
) -> tuple[ModelConfig, Dataset | None]:
    """Fill the open arguments that the data set determines, and return the set if that opened it.

    `known` is the config in the run's folder. If it is this config with the open arguments filled,
    it is used, and the data set stays closed.
    """
    config = fit_data(config)
    parts = {"generator": config.generator, "discriminator": config.discriminator}
    values = [open_arguments(PLAYERS[who], part) for who, part in parts.items()]
    if not any([*values, open_arguments(Loss, config.recipe.loss)]):
        return config, None
    if known is not None and (before := filled_before(config, known)) is not None:
        return before, None
    part = config.recipe.data
    data = open_data_part(part, ranks or Ranks())
    return fit_parts(config, Facts.of(part, data)), data


def fit_data(config: ModelConfig) -> ModelConfig:
    """Give a data set that leaves `size` or `channels` open those of a network.

    The network is the one whose shape was given, or else the generator.
    """
    data = config.recipe.data
    if not open_form(data):
        return config
    shape = _shape_of_networks(config)
    if shape is None:
        return config
    return replace(config, recipe=replace(config.recipe, data=fitted(data, shape)))


def _shape_of_networks(config: ModelConfig) -> tuple[int, ...] | None:
    """The shape that a network was given or has by default; None if it cannot be known."""
    parts = {who: getattr(config, who) for who in PLAYERS}
    given = [who for who, part in parts.items() if part.arguments.keys() & set(SHAPES)]
    who = given[0] if given else "generator"
    needed = needed_arguments(PLAYERS[who], parts[who])
    if needed - {CLASSES}:
        return None  # opening the data set says what is missing
    classes = {CLASSES: 2} if needed else {}  # how many there are changes no shape
    return _built(PLAYERS[who], _with(parts[who], classes)).sample_shape


def open_arguments(interface: Interface, part: Part) -> set[str]:
    """The arguments that a data set may fill.

    They are a network's open shape, and `num_classes` and `condition_shape` where a part cannot be
    built without them: whether a network is conditional is the user's choice.
    """
    told = {CLASSES, CONDITION}
    names = {*SHAPES, *told} & taken_arguments(interface, part).keys() - part.arguments.keys()
    needed = needed_arguments(interface, part)
    return names & needed if issubclass(interface, Loss) else names - (told - needed)


def fit_parts(config: ModelConfig, facts: Facts) -> ModelConfig:
    """Fill the open arguments of both players and the loss; `ConfigError` if they cannot be."""
    generator = _filled_network("generator", config.generator, facts)
    discriminator = _filled_network("discriminator", config.discriminator, facts)
    loss = _with(config.recipe.loss, _values_by_data(Loss, "loss", config.recipe.loss, facts))
    recipe = replace(config.recipe, loss=loss)
    return replace(config, generator=generator, discriminator=discriminator, recipe=recipe)


def _filled_network(who: str, part: Part, facts: Facts) -> Part:
    """The part with the arguments that fit the data; unchanged if it fits already."""
    interface = PLAYERS[who]
    values = _values_by_data(interface, who, part, facts)
    if not values:
        return part
    shape = None if needed_arguments(interface, part) else _shape_of(interface, part)
    if shape == facts.shape:
        return part
    values = {name: value for name, value in values.items() if _is_off(name, shape, facts.shape)}
    filled = _with(part, values)
    try:
        _built(interface, filled)
    except UsageError:
        raise  # the user gave an argument that it does not take
    except GanzooError as error:
        own = error.__cause__ or error
        named = named_in(own, values)
        if not named and _shape_of(interface, part) is None:
            raise  # what is wrong is nothing that the data set determines
        size = " of such a size (--set data.arguments.size=...)"
        size = size if facts.sizable else " of another shape"
        raise ConfigError(
            f"the {who} {part.name} has no layers for the data set {facts.name}, whose samples "
            f"are {list(facts.shape)}: {reason_of(own, named)}; take data{size}, "
            f"or another {who}"
        ) from error
    return filled


def _values_by_data(interface: Interface, who: str, part: Part, facts: Facts) -> dict[str, Any]:
    """The values of open arguments that the data determines and the part's defaults are not."""
    taken = taken_arguments(interface, part)
    values = {}
    for name in sorted(open_arguments(interface, part)):
        if name == CLASSES and facts.num_classes is None:
            raise ConfigError(
                f"the {who} {part.name} needs {CLASSES}, and the data set {facts.name} has no "
                f"labels; take data that has (a folder of images takes --set "
                f"data.arguments.labels=true), or another {who}"
            )
        if name == CONDITION and facts.condition_shape is None:
            raise ConfigError(
                f"the {who} {part.name} needs {CONDITION}, and the data set {facts.name} has no "
                f"conditions; take data that has, or another {who}"
            )
        value: Any = by_shape(taken[name], facts.shape)
        if name == CLASSES:
            value = facts.num_classes
        elif name == CONDITION:
            value = list(facts.condition_shape or ())
        if value is not None and not same_in_json(taken[name].default, value):
            values[name] = value
    return values


def _shape_of(interface: Interface, part: Part) -> tuple[int, ...] | None:
    """The shape of a network as it is configured; None if it cannot be built so."""
    try:
        return tuple(_built(interface, part).sample_shape)
    except GanzooError:
        return None


def _is_off(name: str, shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Whether an argument can mend a shape; `channels` may mean a network's width."""
    if shape is None or len(shape) != 3 or len(wanted) != 3:
        return True
    if name == "channels":
        return shape[0] != wanted[0]
    return name != "size" or shape[1:] != wanted[1:]


def _built(interface: Interface, part: Part) -> Network:
    """Build a network to inspect it, leaving torch's own generator as it was."""
    with torch.random.fork_rng(devices=[]):
        network: Network = build(interface, part)
    return network


def _with(part: Part, arguments: Mapping[str, Any]) -> Part:
    return Part(part.name, {**part.arguments, **arguments}) if arguments else part


def same_in_json(one: Any, other: Any) -> bool:
    """Whether two values are equal in JSON, which has no tuples."""
    return bool((list(one) if isinstance(one, tuple) else one) == other)


def filled_before(config: ModelConfig, known: ModelConfig) -> ModelConfig | None:
    """A config filled as the one in its run's folder; None if that one differs.

    The data set must be the same, and each part there may have more arguments only where a data set
    may fill them.
    """
    parts: dict[str, tuple[Interface, Part, Part]] = {
        "generator": (Generator, config.generator, known.generator),
        "discriminator": (Discriminator, config.discriminator, known.discriminator),
        "loss": (Loss, config.recipe.loss, known.recipe.loss),
    }
    if config.recipe.data != known.recipe.data:
        return None
    for interface, part, before in parts.values():
        more = before.arguments.keys() - part.arguments.keys()
        rest = {key: value for key, value in before.arguments.items() if key not in more}
        if part.name != before.name or rest != part.arguments:
            return None
        if more - open_arguments(interface, part):
            return None
    return replace(
        config,
        generator=known.generator,
        discriminator=known.discriminator,
        recipe=replace(config.recipe, loss=known.recipe.loss),
    )


def open_data_part(part: Part, ranks: Ranks) -> Dataset:
    """Open a data set, on rank 0 first: it may have to be fetched or packed."""
    if lacking := sorted(needed_arguments(Dataset, part)):
        raise ConfigError(
            f"the data set {part.name} needs {', '.join(lacking)}, and the recipe leaves it open; "
            f"give --data folder:PATH for images of your own, another --data, or "
            f"--set data.arguments.{lacking[-1]}=..."
        )
    if not ranks.first:
        ranks.wait()
    try:
        return build(Dataset, part)
    finally:
        if ranks.first:
            ranks.wait()
