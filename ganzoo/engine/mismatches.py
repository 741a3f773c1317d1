"""Parts whose samples or classes do not fit together, and the options with which they would."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ganzoo.build import by_shape, parts_that_take, taken_arguments
from ganzoo.engine.inferred import CLASSES, PLAYERS, SHAPES, Facts, Network, same_in_json
from ganzoo.errors import ConfigError
from ganzoo.interfaces import Dataset, Discriminator, Generator
from ganzoo.specs import ModelConfig, Part
from ganzoo.specs.reading import to_json


def check_shapes(
    config: ModelConfig, generator: Generator, discriminator: Discriminator, data: Dataset
) -> None:
    """Refuse a data set and players whose samples differ in shape."""
    facts = Facts.of(config.recipe.data, data)
    players: dict[str, Network] = {"generator": generator, "discriminator": discriminator}
    shapes = {who: tuple(player.sample_shape) for who, player in players.items()}
    off = [who for who, shape in shapes.items() if shape != facts.shape]
    if not off:
        return
    described = ", ".join(f"the {who} has {list(shape)}" for who, shape in shapes.items())
    raise ConfigError(
        f"samples differ in shape: the data set {facts.name} has {list(facts.shape)}, {described}; "
        f"{_advice(config, facts, off, shapes)}"
    )


def _advice(
    config: ModelConfig, facts: Facts, off: list[str], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """The options that make all shapes equal, or the networks that could have the data's."""
    alike = len(set(shapes.values())) == 1
    other = _data_settings(config, facts, shapes["generator"]) if alike else []
    instead = f", or {' '.join(other)}" if other else ""
    needed: list[str] = []
    for who in off:
        part: Part = getattr(config, who)
        settings = _settings(who, part, facts, shapes[who])
        if not settings:
            return _no_setting(who, part, facts) + instead
        needed += settings
    return f"what fits: {' '.join(needed)}{instead}"


def _settings(who: str, part: Part, facts: Facts, shape: tuple[int, ...]) -> list[str]:
    """The options that give a network the data's shape; empty where no argument does."""
    taken = taken_arguments(PLAYERS[who], part)
    values = {name: by_shape(taken[name], facts.shape) for name in SHAPES if name in taken}
    values = {name: value for name, value in values.items() if value is not None}
    if "sample_shape" not in values:
        if len(shape) != 3 or len(facts.shape) != 3:
            return []
        sides, channels = shape[1:] != facts.shape[1:], shape[0] != facts.shape[0]
        if (sides and "size" not in values) or (channels and "channels" not in values):
            return []
    return [
        _option(f"{who}.arguments.{name}", value)
        for name, value in values.items()
        if not same_in_json(part.arguments.get(name, taken[name].default), value)
    ]


def _data_settings(config: ModelConfig, facts: Facts, wanted: tuple[int, ...]) -> list[str]:
    """The options that give the data the networks' shape, where it takes them."""
    taken = taken_arguments(Dataset, config.recipe.data)
    if len(wanted) != 3 or len(facts.shape) != 3:
        return []
    differs = {"size": wanted[1:] != facts.shape[1:], "channels": wanted[0] != facts.shape[0]}
    names = [name for name, is_off in differs.items() if is_off]
    values = {name: by_shape(taken[name], wanted) if name in taken else None for name in names}
    if None in values.values():
        return []
    return [_option(f"data.arguments.{name}", value) for name, value in values.items()]


def _option(key: str, value: Any) -> str:
    """A --set option, quoted for a shell."""
    text = to_json(value).replace("\n", "").replace("  ", "")
    return f"--set {shlex.quote(f'{key}={text}')}"


def _no_setting(who: str, part: Part, facts: Facts) -> str:
    """Say that a network cannot have the data's shape, and which can."""
    names = ("sample_shape", "size") if len(facts.shape) == 3 else ("sample_shape",)
    bare = part.name.rpartition("/")[2]
    able = [name for name in parts_that_take(PLAYERS[who], names) if name != bare]
    hint = f" (these can: {', '.join(able)})" if able else ""
    return f"the {who} {part.name} cannot have the data's shape; take another{hint}, or other data"


def check_classes_known_to_both(
    config: ModelConfig, generator: Generator, discriminator: Discriminator, data: Dataset
) -> None:
    """Refuse classes that only one player is given: labels would reach neither."""
    players: dict[str, Network] = {"generator": generator, "discriminator": discriminator}
    for who, other in (("generator", "discriminator"), ("discriminator", "generator")):
        given = getattr(config, who).arguments.get(CLASSES)
        silent: Part = getattr(config, other)
        if given is None or players[other].num_classes is not None or CLASSES in silent.arguments:
            continue
        takes = CLASSES in taken_arguments(PLAYERS[other], silent)
        count = data.num_classes
        if count is None:
            what = f"the data set {config.recipe.data.name} has no labels: leave {CLASSES} out"
        elif takes:
            what = f"the data has {count}: --set {other}.arguments.{CLASSES}={count} fits"
        else:
            what = f"the {other} {silent.name} takes no {CLASSES}: take another, or leave it out"
        raise ConfigError(f"the {who} has {given} classes and the {other} has none; {what}")
