"""What is checked: a plugin, one of its parts, a game of parts, a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

from ganzoo.cards import Card, Catalogue
from ganzoo.errors import CheckError, GanzooError, one_line
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
from ganzoo.plugins import Plugin
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part
from ganzoo.testing.building import build
from ganzoo.testing.failures import Blocked, Skipped, line_of, wrong
from ganzoo.testing.game_data import is_here
from ganzoo.testing.games import Game
from ganzoo.testing.numerics import seeded
from ganzoo.zoo import Model, load

#: The interface of each kind of part, and the method whose line a failure names by default.
KINDS: dict[str, tuple[type, str]] = {
    "generator": (Generator, "forward"),
    "discriminator": (Discriminator, "forward"),
    "loss": (Loss, "discriminator"),
    "dataset": (Dataset, "batch"),
    "augmentation": (Augmentation, "forward"),
    "schedule": (Schedule, "value"),
    "extractor": (Extractor, "__init__"),
    "metric": (Figure, "measure"),
    "tracker": (Tracker, ""),
    "writer": (object, ""),
    "exporter": (object, ""),
}


@dataclass(frozen=True, eq=False)
class Subject:
    """Something that is checked; `world` is the catalogue in force meanwhile."""

    kind: str
    name: str
    world: Catalogue = field(repr=False)

    @property
    def id(self) -> str:
        """Its name in tables, tests and waivers."""
        return f"{self.kind}/{self.name}"

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """Kinds and qualified names of the other parts that it depends on."""
        return set()


@dataclass(frozen=True, eq=False)
class PluginSubject(Subject):
    """A plugin as its manager has it, and its module (None if it was not loaded)."""

    plugin: Plugin
    module: ModuleType | None


@dataclass(frozen=True, eq=False)
class PartSubject(Subject):
    """A part, with the arguments that it is built with; a tracker is inspected and never built."""

    offer: Offer
    arguments: Mapping[str, Any]

    @property
    def interface(self) -> type:
        """The class that the part must inherit from."""
        return KINDS[self.kind][0]

    @property
    def factory(self) -> Any:
        """The class or function that makes the part."""
        try:
            return self.offer.resolve()
        except GanzooError as error:
            raise Blocked("check_declared", f"it cannot be imported: {one_line(error)}") from error

    def made(self, seed: int | None = None) -> Any:
        """The part, built under a seed or from torch's generator as it stands.

        Blocks the check if it cannot be built, or is no instance of its interface.
        """
        try:
            if seed is None:
                made = build(self.offer, self.arguments)
            else:
                with seeded(seed):
                    made = build(self.offer, self.arguments)
        except GanzooError as error:
            raise Blocked("check_builds", f"it cannot be built: {one_line(error)}") from error
        if not isinstance(made, self.interface):
            raise Blocked("check_builds", f"it is no ganzoo.{self.interface.__name__}")
        return made

    def line(self, pattern: str = "", method: str | None = None) -> str:
        """The line to change, as `line_of` finds it."""
        return line_of(self.factory, pattern, KINDS[self.kind][1] if method is None else method)

    def wrong(self, problem: str, pattern: str = "", method: str | None = None) -> CheckError:
        """The error of a check, with the line to change."""
        return wrong(problem, self.line(pattern, method))


class DatasetSubject(PartSubject):
    """A data set."""

    def made(self, seed: int | None = None) -> Any:
        """The data set; skips the check if its files are not on this machine."""
        self.must_be_here()
        return super().made(seed)

    def must_be_here(self) -> None:
        """Skip the check if building the data set would fetch something."""
        _ = self.factory
        if not is_here(self.offer):
            raise Skipped("its files are not on this machine, and nothing is fetched")


@dataclass(frozen=True, eq=False)
class FigureSubject(PartSubject):
    """A figure; `own` are its plugin's data sets, on which it is tried first."""

    own: tuple[Part, ...] = ()


@dataclass(frozen=True, eq=False)
class WriterSubject(PartSubject):
    """A writer; `own` are its plugin's data sets, whose samples it is given first."""

    own: tuple[Part, ...] = ()


@dataclass(frozen=True, eq=False)
class GameSubject(Subject):
    """A game of a generator, a discriminator, a loss and a data set."""

    game: Game

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """The game's four parts."""
        return {(kind, part.name) for kind, part in self.game.parts.items()}


@dataclass(frozen=True, eq=False)
class ModelSubject(Subject):
    """A model folder."""

    card: Card

    @cached_property
    def model(self) -> Model:
        """The model, loaded on first use."""
        return load(self.card.folder)

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """Its two players; nothing if its card cannot be read."""
        try:
            config = self.card.config
        except GanzooError:
            config = None
        if config is None:
            return set()
        players = {"generator": config.generator, "discriminator": config.discriminator}
        return {(kind, part.name) for kind, part in players.items()}
