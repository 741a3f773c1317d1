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
#: What fills arguments without defaults, tried in this order.
COMMON = {"latent_dim": 8, "num_classes": CLASSES, "width": 16}
FILLINGS: tuple[Mapping[str, Any], ...] = (
    {**COMMON, "sample_shape": [2], "shape": [2], "sample_dim": 2},
    {**COMMON, "sample_shape": [1, 28, 28], "shape": [1, 28, 28], "size": 28, "channels": 1},
)
INTERFACES: dict[str, Any] = {"generator": Generator, "discriminator": Discriminator}
#: The names of a game's parts in `ganzoo_examples`.
ROLES = ("generator", "discriminator", "loss", "data", "recipe")


@dataclass(frozen=True)
class Case:
    """A part with arguments; `variant` tells it from the part's first case."""

    offer: Offer
    arguments: Mapping[str, Any]
    variant: str = ""

    @property
    def name(self) -> str:
        """`dcgan`, or `dcgan[num_classes=10]`."""
        return f"{self.offer.name}[{self.variant}]" if self.variant else self.offer.name

    @property
    def part(self) -> Part:
        """The part as a recipe names it."""
        return Part(self.offer.qualified, self.arguments)


@dataclass(frozen=True)
class Examples:
    """What a plugin's author says about building her parts and about games: `ganzoo_examples`."""

    arguments: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    games: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_examples(given: Mapping[str, Any], offers: list[Offer]) -> Examples:
    """Read `ganzoo_examples`: "kind/name" to arguments, or a list of them; "game/name" to parts."""
    known = [f"{offer.kind}/{offer.name}" for offer in offers]
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
                raise UsageError(
                    f"ganzoo_examples: {key!r} is {value!r}; give a dict of arguments, or a list "
                    "of dicts"
                )
    return Examples(arguments, games)


def _game(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"ganzoo_examples: {key!r} is {value!r}; name its parts by role")
    for role in value:
        if role not in ROLES:
            raise UsageError(
                f"ganzoo_examples: {key!r} has no role {role!r}; {did_you_mean(str(role), ROLES)}"
            )
    return value


def cases_of(offer: Offer, examples: Examples, configs: list[ModelConfig]) -> list[Case]:
    """The cases of a part: its examples; otherwise defaults, models' arguments, and classes."""
    key = f"{offer.kind}/{offer.name}"
    if key in examples.arguments:
        return list(_distinct(offer, examples.arguments[key]))
    ways = [_defaults(offer)]
    for config in configs:
        part = parts_of(config).get(offer.kind)
        if part is not None and part.name in (offer.qualified, offer.name):
            ways.append(part.arguments)
    if offer.kind in INTERFACES:
        ways += _with_classes(offer, ways[-1])
    return list(_distinct(offer, ways))


def _defaults(offer: Offer) -> Mapping[str, Any]:
    """No arguments, or those without defaults, filled with the first values that build."""
    try:
        needed = needed_arguments(INTERFACES[offer.kind], Part(offer.qualified))
    except (KeyError, GanzooError):
        return {}
    for values in FILLINGS:
        if needed and needed <= values.keys():
            arguments = {name: values[name] for name in sorted(needed)}
            if built(offer, arguments) is not None:
                return arguments
    return {}


def _with_classes(offer: Offer, base: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The base with classes, if the network takes them and has none."""
    try:
        taken = taken_arguments(INTERFACES[offer.kind], Part(offer.qualified))
    except GanzooError:
        return []
    plain = built(offer, base) if "num_classes" in taken else None
    if plain is None or plain.num_classes is not None or plain.condition_shape is not None:
        return []
    arguments = {**base, "num_classes": CLASSES}
    return [] if built(offer, arguments) is None else [arguments]


def parts_of(config: ModelConfig) -> dict[str, Part]:
    """The parts of a model by kind."""
    return {
        "generator": config.generator,
        "discriminator": config.discriminator,
        "loss": config.recipe.loss,
        "dataset": config.recipe.data,
    }


def offer_of(world: Catalogue, kind: str, part: Part) -> Offer | None:
    """The offer that a model's part names, if there is one."""
    try:
        return world.registry.find(kind, part.name)
    except GanzooError:
        return None


def _distinct(offer: Offer, ways: list[Mapping[str, Any]]) -> Iterator[Case]:
    """Each way once, told from the first by the arguments that differ."""
    usual = _signature_defaults(offer)
    seen: list[Mapping[str, Any]] = []
    for arguments in ways:
        whole = {**usual, **{name: _listed(value) for name, value in arguments.items()}}
        if whole in seen:
            continue
        seen.append(whole)
        differing = [
            f"{name}={str(value).replace(' ', '')}"
            for name, value in whole.items()
            if name not in seen[0] or seen[0][name] != value
        ]
        yield Case(offer, arguments, ",".join(differing))


def _signature_defaults(offer: Offer) -> dict[str, Any]:
    try:
        parameters = inspect.signature(offer.resolve()).parameters
    except (GanzooError, TypeError, ValueError):
        return {}
    given = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    return {name: _listed(default) for name, default in given.items()}


def _listed(value: Any) -> Any:
    """A value as JSON holds it: tuples become lists."""
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value
