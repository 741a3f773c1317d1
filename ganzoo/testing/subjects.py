"""What is checked: a plugin, one of its parts, a game of parts, a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

from ganzoo.cards import Card, Catalogue
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Augmentation, Dataset, Extractor, Figure, Schedule, Tracker
from ganzoo.plugins import Plugin
from ganzoo.plugins.registry import Offer
from ganzoo.specs import Part
from ganzoo.testing.building import build
from ganzoo.testing.failures import Blocked, Skipped, line_of
from ganzoo.testing.game_data import is_here
from ganzoo.testing.games import Game


@dataclass(frozen=True, eq=False)
class Subject:
    """Something that checks are made of; `world` is in force while they are."""

    kind: ClassVar[str] = ""
    name: str
    world: Catalogue = field(repr=False)

    @property
    def id(self) -> str:
        """How it is called in tables, tests and waivers."""
        return f"{self.kind}/{self.name}"

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """Kinds and qualified names of the parts that it is put together from."""
        return set()


@dataclass(frozen=True, eq=False)
class PluginSubject(Subject):
    """A plugin as its manager found it, and its module (None where it was not loaded)."""

    kind: ClassVar[str] = "plugin"
    plugin: Plugin
    module: ModuleType | None


@dataclass(frozen=True, eq=False)
class PartSubject(Subject):
    """A part, with the arguments that it is built with."""

    interface: ClassVar[type] = object
    entry: Offer
    arguments: Mapping[str, Any]

    def made(self) -> Any:
        """The part, built; a check of something else is not made where that fails."""
        try:
            return build(self.entry, self.arguments)
        except GanzooError as error:
            raise Blocked("check_builds", f"it cannot be built: {one_line(error)}") from error

    @property
    def factory(self) -> Any:
        """The class or the function that makes the part."""
        try:
            return self.entry.resolve()
        except GanzooError as error:
            raise Blocked("check_declared", f"it cannot be imported: {one_line(error)}") from error


class DatasetSubject(PartSubject):
    """A data set."""

    kind: ClassVar[str] = "dataset"
    interface: ClassVar[type] = Dataset

    def data(self) -> Dataset:
        """The data set; skipped where its files are not on this machine."""
        self.must_be_here()
        made = self.made()
        if not isinstance(made, Dataset):
            raise Blocked("check_builds", "it is no ganzoo.Dataset")
        return made

    def must_be_here(self) -> None:
        """Skip where building it would fetch something."""
        try:
            here = is_here(self.entry)
        except GanzooError as error:
            raise Blocked("check_declared", f"it cannot be imported: {one_line(error)}") from error
        if not here:
            raise Skipped("its files are not on this machine, and nothing is fetched")

    def line(self, pattern: str = "", method: str = "batch") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)


class ExtractorSubject(PartSubject):
    """An extractor of features."""

    kind: ClassVar[str] = "extractor"
    interface: ClassVar[type] = Extractor

    def line(self, pattern: str = "", method: str = "__init__") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)


class AugmentationSubject(PartSubject):
    """An augmentation."""

    kind: ClassVar[str] = "augmentation"
    interface: ClassVar[type] = Augmentation

    def line(self, pattern: str = "", method: str = "forward") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)


class ScheduleSubject(PartSubject):
    """A schedule of a number."""

    kind: ClassVar[str] = "schedule"
    interface: ClassVar[type] = Schedule

    def line(self, pattern: str = "", method: str = "value") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)


@dataclass(frozen=True, eq=False)
class FigureSubject(PartSubject):
    """A figure; `own` are its plugin's data sets, on which it is tried where it applies to them."""

    kind: ClassVar[str] = "metric"
    interface: ClassVar[type] = Figure
    own: tuple[Part, ...] = ()

    def line(self, pattern: str = "", method: str = "measure") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)


class TrackerSubject(PartSubject):
    """A tracker, which is looked at and never built: it would call somewhere."""

    kind: ClassVar[str] = "tracker"
    interface: ClassVar[type] = Tracker


class WriterSubject(PartSubject):
    """A function that writes samples of a kind."""

    kind: ClassVar[str] = "writer"

    def line(self, pattern: str = "") -> str:
        """The line to change."""
        return line_of(self.factory, pattern)


@dataclass(frozen=True, eq=False)
class GameSubject(Subject):
    """A game of a generator, a discriminator, a loss and a data set.

    `games` are all of its plugin's, for what is dear to start and plays them at once.
    """

    kind: ClassVar[str] = "game"
    game: Game
    games: tuple[Game, ...] = ()

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """The game's four."""
        return {(kind, part.name) for kind, part in self.game.parts.items()}


@dataclass(frozen=True, eq=False)
class ModelSubject(Subject):
    """A model folder."""

    kind: ClassVar[str] = "model"
    card: Card

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """Its two players; nothing where its card cannot be read."""
        try:
            config = self.card.config
        except GanzooError:
            return set()
        if config is None:
            return set()
        players = {"generator": config.generator, "discriminator": config.discriminator}
        return {(kind, part.name) for kind, part in players.items()}
