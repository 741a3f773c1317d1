"""What parts are built with: what their author says, what models use, and their defaults."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.build import needed_arguments, taken_arguments
from ganzoo.cards import Catalogue
from ganzoo.errors import GanzooError, UsageError, did_you_mean
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.plugins.registry import Offer
from ganzoo.specs import ModelConfig, Part
from ganzoo.testing.building import built

#: Classes of a network that takes them and has none by default.
CLASSES = 10
#: What fills arguments that have no default, tried in this order.
FILLINGS: tuple[Mapping[str, Any], ...] = (
    {"sample_shape": [2], "shape": [2], "sample_dim": 2},
    {"sample_shape": [1, 28, 28], "shape": [1, 28, 28], "size": 28, "channels": 1},
)
COMMON = {"latent_dim": 8, "num_classes": CLASSES, "width": 16}

INTERFACES: dict[str, Any] = {"generator": Generator, "discriminator": Discriminator}


@dataclass(frozen=True)
class Case:
    """A part with arguments; `variant` tells it from the part's first case."""

    entry: Offer
    arguments: Mapping[str, Any]
    variant: str = ""

    @property
    def name(self) -> str:
        """`dcgan`, or `dcgan[num_classes=10]`."""
        return f"{self.entry.name}[{self.variant}]" if self.variant else self.entry.name

    @property
    def part(self) -> Part:
        """As a recipe names it."""
        return Part(self.entry.qualified, self.arguments)


@dataclass(frozen=True)
class Examples:
    """What a plugin's author says of building her parts, and of games: `ganzoo_examples`."""

    arguments: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    games: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_examples(given: Mapping[str, Any], entries: list[Offer]) -> Examples:
    """Read `ganzoo_examples`: "kind/name" to arguments, or a list of them; "game/name" to parts."""
    known = [f"{entry.kind}/{entry.name}" for entry in entries]
    arguments: dict[str, list[Mapping[str, Any]]] = {}
    games: dict[str, Mapping[str, Any]] = {}
    for key, value in given.items():
        kind, _, name = key.partition("/")
        if kind == "game" and name:
            games[name] = _game(key, value)
        elif key not in known:
            raise UsageError(
                f"ganzoo_examples: there is no part {key!r}; {did_you_mean(key, known)}"
            )
        else:
            arguments[key] = value if isinstance(value, list) else [value]
            if not all(isinstance(item, Mapping) for item in arguments[key]):
                raise UsageError(f"ganzoo_examples: {key!r} holds {value!r}; give its arguments")
    return Examples(arguments, games)


def _game(key: str, value: Any) -> Mapping[str, Any]:
    roles = ("generator", "discriminator", "loss", "data", "recipe")
    if not isinstance(value, Mapping):
        raise UsageError(f"ganzoo_examples: {key!r} holds {value!r}; name its parts by role")
    for role in value:
        if role not in roles:
            raise UsageError(
                f"ganzoo_examples: {key!r} has no role {role!r}; {did_you_mean(str(role), roles)}"
            )
    return value


def cases_of(entry: Offer, examples: Examples, configs: list[ModelConfig]) -> list[Case]:
    """The cases of a part: its examples; else defaults, what models build it with, and classes."""
    key = f"{entry.kind}/{entry.name}"
    if key in examples.arguments:
        return list(_distinct(entry, examples.arguments[key]))
    ways = [defaults(entry), *_used(entry, configs)]
    if entry.kind in INTERFACES:
        ways += _conditional(entry, ways[-1])
    return list(_distinct(entry, ways))


def defaults(entry: Offer) -> Mapping[str, Any]:
    """No arguments, or what fills those that have no default: the first that builds."""
    interface = INTERFACES.get(entry.kind)
    if interface is None:
        return {}
    try:
        needed = needed_arguments(interface, Part(entry.qualified))
    except GanzooError:
        return {}
    for filling in FILLINGS:
        values = {**COMMON, **filling}
        if needed and needed <= values.keys():
            arguments = {name: values[name] for name in sorted(needed)}
            if built(entry, arguments) is not None:
                return arguments
    return {}


def parts_of(config: ModelConfig) -> dict[str, Part]:
    """The parts of a model by kind."""
    return {
        "generator": config.generator,
        "discriminator": config.discriminator,
        "loss": config.recipe.loss,
        "dataset": config.recipe.data,
    }


def entry_of(world: Catalogue, kind: str, part: Part) -> Offer | None:
    """The entry that a model's part names, if there is one."""
    try:
        return world.registry.find(kind, part.name)
    except GanzooError:
        return None


def _used(entry: Offer, configs: list[ModelConfig]) -> Iterator[Mapping[str, Any]]:
    """The arguments that models give the part."""
    for config in configs:
        part = parts_of(config).get(entry.kind)
        if part is not None and part.name in (entry.qualified, entry.name):
            yield part.arguments


def _conditional(entry: Offer, base: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The base with classes, where a network takes them and has none."""
    try:
        taken = taken_arguments(INTERFACES[entry.kind], Part(entry.qualified))
    except GanzooError:
        return []
    plain = built(entry, base)
    if "num_classes" not in taken or plain is None or plain.num_classes is not None:
        return []
    if plain.condition_shape is not None:
        return []
    found = {**base, "num_classes": CLASSES}
    return [] if built(entry, found) is None else [found]


def _distinct(entry: Offer, ways: list[Mapping[str, Any]]) -> Iterator[Case]:
    """Each way once, told from the first by the arguments that differ."""
    usual = _defaults_of(entry)
    seen: list[Mapping[str, Any]] = []
    for arguments in ways:
        whole = {**usual, **{name: _listed(value) for name, value in arguments.items()}}
        if whole in seen:
            continue
        seen.append(whole)
        told = [
            f"{name}={str(value).replace(' ', '')}"
            for name, value in whole.items()
            if name not in seen[0] or seen[0][name] != value
        ]
        yield Case(entry, arguments, ",".join(told))


def _defaults_of(entry: Offer) -> dict[str, Any]:
    """The defaults of what a part is built with."""
    try:
        parameters = inspect.signature(entry.resolve()).parameters
    except (GanzooError, TypeError, ValueError):
        return {}
    given = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    return {name: _listed(default) for name, default in given.items()}


def _listed(value: Any) -> Any:
    """A value as JSON would hold it: tuples are lists."""
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value
