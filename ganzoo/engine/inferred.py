"""What the data says of the other parts: shapes, sizes, channels and classes that nobody gave.

Only what a part takes by one of the contract's names is filled, and only where its own default does
not fit; so a recipe that fits already stays as it is, and so does its hash.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from ganzoo.build import (
    build,
    by_shape,
    fitted,
    needed_arguments,
    parts_that_take,
    taken_arguments,
)
from ganzoo.engine.ranks import Ranks
from ganzoo.errors import ConfigError, GanzooError, UsageError, one_line
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.specs import ModelConfig, Part
from ganzoo.specs.reading import to_json

log = logging.getLogger("ganzoo")

Network: TypeAlias = Generator | Discriminator
#: Generator, Discriminator or Loss.
Interface: TypeAlias = type[Any]

PLAYERS: Mapping[str, Interface] = {"generator": Generator, "discriminator": Discriminator}
CLASSES = "num_classes"
#: What says of which shape a network's samples are.
SHAPES = ("size", "channels", "sample_shape")


@dataclass(frozen=True)
class Facts:
    """What the other parts must know of a data set."""

    name: str
    shape: tuple[int, ...]
    num_classes: int | None

    @classmethod
    def of(cls, part: Part, data: Dataset) -> Facts:
        """The facts of an open data set."""
        return cls(part.name, tuple(data.sample_shape), data.num_classes)


def fit(
    config: ModelConfig, ranks: Ranks | None = None, known: ModelConfig | None = None
) -> ModelConfig:
    """Fill what a config leaves open and its data set says; the data set is opened for it.

    `known` is what stands in the run's folder: where it is this config with the open arguments
    filled, it is taken, and nothing needs to be opened.
    """
    config = fit_data(config)
    parts = {"generator": config.generator, "discriminator": config.discriminator}
    wishes = [open_arguments(PLAYERS[who], part) for who, part in parts.items()]
    if not any([*wishes, open_arguments(Loss, config.recipe.loss)]):
        return config
    if known is not None and (before := filled_before(config, known)) is not None:
        return before
    data = config.recipe.data
    with _warnings_kept_for_later():
        opened = open_data_part(data, ranks or Ranks())
    return fit_parts(config, Facts.of(data, opened))


@contextmanager
def _warnings_kept_for_later() -> Iterator[None]:
    """Say nothing of what a data set warns of: the training opens it again, and says it then."""
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def fit_data(config: ModelConfig) -> ModelConfig:
    """Give a data set that needs a `size` or `channels` a network's, where none is given.

    It is the network's whose shape was given, else the generator's.
    """
    data = config.recipe.data
    if not {"size", "channels"} & needed_arguments(Dataset, data):
        return config
    shape = _shape_of_networks(config)
    if shape is None:
        return config
    return replace(config, recipe=replace(config.recipe, data=fitted(data, shape)))


def _shape_of_networks(config: ModelConfig) -> tuple[int, ...] | None:
    """The shape that a network was given, or has by itself; None where that cannot be known."""
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

    Those of a shape that are not given, and what a part cannot be built without: whether a network
    is told the class is for the user to say, and what else a loss takes is its own affair.
    """
    names = {*SHAPES, CLASSES} & taken_arguments(interface, part).keys() - part.arguments.keys()
    needed = needed_arguments(interface, part)
    return names & needed if issubclass(interface, Loss) else names - ({CLASSES} - needed)


def fit_parts(config: ModelConfig, facts: Facts) -> ModelConfig:
    """Fill what both players and the loss leave open; `ConfigError` where that cannot be."""
    generator = _filled_network("generator", config.generator, facts)
    discriminator = _filled_network("discriminator", config.discriminator, facts)
    loss = _with(config.recipe.loss, _wishes(Loss, "loss", config.recipe.loss, facts))
    recipe = replace(config.recipe, loss=loss)
    return replace(config, generator=generator, discriminator=discriminator, recipe=recipe)


def _filled_network(who: str, part: Part, facts: Facts) -> Part:
    """The part as the data wants it, or as it stands where that fits already."""
    interface = PLAYERS[who]
    wishes = _wishes(interface, who, part, facts)
    if not wishes:
        return part
    shape = None if needed_arguments(interface, part) else _shape_of(interface, part)
    if shape == facts.shape:
        return part
    wishes = {name: wish for name, wish in wishes.items() if _is_off(name, shape, facts.shape)}
    filled = _with(part, wishes)
    try:
        _built(interface, filled)
    except UsageError:
        raise  # an argument that it does not take, which the user gave
    except GanzooError as error:
        told = ", ".join(f"{name}={value}" for name, value in wishes.items())
        raise ConfigError(
            f"the data set {facts.name} has samples of shape {list(facts.shape)}, and the {who} "
            f"{part.name} cannot be built with {told}: {one_line(error)}; take another {who}, or "
            "data of another shape, such as --set data.arguments.size=..."
        ) from error
    return filled


def _wishes(interface: Interface, who: str, part: Part, facts: Facts) -> dict[str, Any]:
    """What the open arguments would be by the data, where the part's defaults are not that."""
    taken = taken_arguments(interface, part)
    found = {}
    for name in sorted(open_arguments(interface, part)):
        if name == CLASSES and facts.num_classes is None:
            raise ConfigError(
                f"the {who} {part.name} needs {CLASSES}, and the data set {facts.name} has no "
                f"labels; take data that has (a folder of images takes --set "
                f"data.arguments.labels=true), or another {who}"
            )
        wish = facts.num_classes if name == CLASSES else by_shape(taken[name], facts.shape)
        if wish is not None and not _same(taken[name].default, wish):
            found[name] = wish
    return found


def _shape_of(interface: Interface, part: Part) -> tuple[int, ...] | None:
    """The shape that a network has as it stands; None where it cannot be built so."""
    try:
        return tuple(_built(interface, part).sample_shape)
    except GanzooError:
        return None


def _is_off(name: str, shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Whether an argument is about what is wrong with a shape: `channels` may be its width."""
    if shape is None or len(shape) != 3 or len(wanted) != 3:
        return True
    if name == "channels":
        return shape[0] != wanted[0]
    return name != "size" or shape[1:] != wanted[1:]


def _built(interface: Interface, part: Part) -> Network:
    """Build a network to look at it, leaving torch's own generator as it was."""
    with torch.random.fork_rng(devices=[]):
        network: Network = build(interface, part)
    return network


def _with(part: Part, arguments: Mapping[str, Any]) -> Part:
    return Part(part.name, {**part.arguments, **arguments}) if arguments else part


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON, which has no tuples."""
    return bool((list(one) if isinstance(one, tuple) else one) == other)


def filled_before(config: ModelConfig, known: ModelConfig) -> ModelConfig | None:
    """A config as it was filled before, by what stands in its run's folder; None if that differs.

    Each part there must have the arguments that are given here, and beside them only such as a data
    set may fill; the data set must be the same.
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
            f"say which data: --data folder:PATH for images of your own, another --data, or "
            f"--set data.arguments.{lacking[-1]}=..."
        )
    if not ranks.first:
        ranks.wait()
    try:
        return build(Dataset, part)
    finally:
        if ranks.first:
            ranks.wait()


# --- What does not fit, and what would --------------------------------------------------------


def check_shapes(
    config: ModelConfig, generator: Generator, discriminator: Discriminator, data: Dataset
) -> None:
    """Data set and players must speak of samples of one shape."""
    facts = Facts.of(config.recipe.data, data)
    players: dict[str, Network] = {"generator": generator, "discriminator": discriminator}
    shapes = {who: tuple(player.sample_shape) for who, player in players.items()}
    off = [who for who, shape in shapes.items() if shape != facts.shape]
    if not off:
        return
    said = ", ".join(f"the {who} has {list(shape)}" for who, shape in shapes.items())
    raise ConfigError(
        f"samples differ in shape: the data set {facts.name} has {list(facts.shape)}, {said}; "
        f"{_advice(config, facts, off, shapes)}"
    )


def _advice(
    config: ModelConfig, facts: Facts, off: list[str], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """What to set so that all have one shape, or which networks could have the data's."""
    alike = len(set(shapes.values())) == 1
    other = _data_settings(config, facts, shapes["generator"]) if alike else []
    instead = f", or {' '.join(other)}" if other else ""
    needed: list[str] = []
    for who in off:
        part: Part = getattr(config, who)
        settings = _settings(who, part, facts, shapes[who])
        if not settings:
            return _others(who, part, facts) + instead
        needed += settings
    return f"what fits: {' '.join(needed)}{instead}"


def _settings(who: str, part: Part, facts: Facts, shape: tuple[int, ...]) -> list[str]:
    """The options that give a network the data's shape; none where its arguments cannot."""
    taken = taken_arguments(PLAYERS[who], part)
    wishes = {name: by_shape(taken[name], facts.shape) for name in SHAPES if name in taken}
    wishes = {name: wish for name, wish in wishes.items() if wish is not None}
    if "sample_shape" not in wishes:
        if len(shape) != 3 or len(facts.shape) != 3:
            return []
        sides, channels = shape[1:] != facts.shape[1:], shape[0] != facts.shape[0]
        if (sides and "size" not in wishes) or (channels and "channels" not in wishes):
            return []
    return [
        _option(f"{who}.arguments.{name}", wish)
        for name, wish in wishes.items()
        if not _same(part.arguments.get(name, taken[name].default), wish)
    ]


def _data_settings(config: ModelConfig, facts: Facts, wanted: tuple[int, ...]) -> list[str]:
    """The options that give the data the networks' shape, where it takes them."""
    taken = taken_arguments(Dataset, config.recipe.data)
    if len(wanted) != 3 or len(facts.shape) != 3:
        return []
    differs = {"size": wanted[1:] != facts.shape[1:], "channels": wanted[0] != facts.shape[0]}
    names = [name for name, is_off in differs.items() if is_off]
    wishes = {name: by_shape(taken[name], wanted) if name in taken else None for name in names}
    if None in wishes.values():
        return []
    return [_option(f"data.arguments.{name}", wish) for name, wish in wishes.items()]


def _option(key: str, value: Any) -> str:
    """A --set option as a shell takes it."""
    text = to_json(value).replace("\n", "").replace("  ", "")
    return f"--set {shlex.quote(f'{key}={text}')}"


def _others(who: str, part: Part, facts: Facts) -> str:
    """That a network cannot have the data's shape, and which can."""
    names = ("sample_shape", "size") if len(facts.shape) == 3 else ("sample_shape",)
    bare = part.name.rpartition("/")[2]
    able = [name for name in parts_that_take(PLAYERS[who], names) if name != bare]
    hint = f" (these can: {', '.join(able)})" if able else ""
    return f"the {who} {part.name} cannot have the data's shape; take another{hint}, or other data"


def check_told(
    config: ModelConfig, generator: Generator, discriminator: Discriminator, data: Dataset
) -> None:
    """Refuse a class that one player was told of and the other was not: it would reach neither."""
    players: dict[str, Network] = {"generator": generator, "discriminator": discriminator}
    for who, other in (("generator", "discriminator"), ("discriminator", "generator")):
        told = getattr(config, who).arguments.get(CLASSES)
        silent: Part = getattr(config, other)
        if told is None or players[other].num_classes is not None or CLASSES in silent.arguments:
            continue
        takes = CLASSES in taken_arguments(PLAYERS[other], silent)
        count = data.num_classes
        if count is None:
            what = f"the data set {config.recipe.data.name} has no labels: leave {CLASSES} out"
        elif takes:
            what = f"the data has {count}: --set {other}.arguments.{CLASSES}={count} tells both"
        else:
            what = f"the {other} {silent.name} takes no {CLASSES}: take another, or leave it out"
        raise ConfigError(f"the {who} is told {told} classes and the {other} none; {what}")
