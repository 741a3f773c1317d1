"""The models and parts of a set of plugins: by name, by path or on the Hub."""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cards.card import RUN_LOCK, Card
from ganzoo.cards.index import Index, Summary, summary_of
from ganzoo.cards.missing import MissingPlugins, model_folders
from ganzoo.errors import CardError, ConfigError, brief
from ganzoo.hub import Address, is_address
from ganzoo.plugins.manager import PluginManager
from ganzoo.plugins.names import CORE, Names
from ganzoo.plugins.registry import Registry
from ganzoo.plugins.versions import is_range

if TYPE_CHECKING:
    from ganzoo.cards.card import Parsed
    from ganzoo.specs import ModelConfig

#: `specs.GENERATOR_FILE`, whose import would make `ganzoo list` a third slower.
WEIGHTS = "model.safetensors"


class Catalogue:
    """All parts and all models of one set of plugins."""

    def __init__(self, manager: PluginManager, index: Index | None = None) -> None:
        self.manager = manager
        self.index = index or Index()
        self._missing = MissingPlugins(manager, lambda: self.cards)
        self.registry = Registry(manager, self._missing.offer_of)

    @functools.cached_property
    def cards(self) -> list[Card]:
        """All models that plugins offer, by name; those that cannot be used are reported."""
        return [*self._models]

    @functools.cached_property
    def _models(self) -> Names[Card]:
        cards = [card for plugin in self.manager.plugins for card in self._cards_of(plugin)]
        models = Names("model", sorted(cards, key=lambda card: str(card.distribution)))
        official = {card.name for card in models if card.distribution == CORE}
        for card, clash in models.clashes():
            if card.name in official:
                self.manager.report(str(card.distribution), f"ganzoo_cards: {clash}")
        return models

    def names(self) -> list[str]:
        """Names that `card` accepts, sorted: bare where they are unambiguous."""
        return self._models.names()

    def name_of(self, card: Card) -> str:
        """The shortest name by which `card` gives this card of a plugin."""
        return self._models.name_of(card)

    def select(
        self,
        pattern: str | None = None,
        *,
        family: str | None = None,
        data: str | None = None,
        licence: str | None = None,
    ) -> list[Card]:
        """Cards by a shell pattern or part of their name, family, data set, weights' licence."""
        cards = self.cards
        if pattern is not None:
            wild = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
            cards = [
                card
                for card in cards
                if fnmatch.fnmatchcase(card.name, wild)
                or fnmatch.fnmatchcase(card.qualified, pattern)
            ]
        if family is not None:
            cards = [card for card in cards if f"{card.family}-".startswith(f"{family}-")]
        if data is not None:
            cards = [card for card in cards if card.data == data]
        if licence is not None:
            cards = [card for card in cards if card.licence.lower() == licence.lower()]
        return cards

    def card(self, name: str) -> Card:
        """A published model by bare or qualified name; `UnknownNameError` names the nearest."""
        return self._models.find(name, hint=_folder_here, otherwise="`ganzoo list` shows: {}")

    def locate(self, what: str | Path, *, weights: bool = True) -> Card:
        """The card of a WHAT: `hf-hub:owner/repo`, a path, a run, or a name, in DESIGN's order.

        Without `weights`, those of a model on the Hub are not fetched.
        """
        if is_address(what):
            return self._fetched(Address.parse(str(what)), weights)
        path = self.as_path(what)
        return self.card(str(what)) if path is None else self.open_folder(path)

    def as_path(self, what: str | Path) -> Path | None:
        """The path that WHAT means, existing or not; None where WHAT names a model."""
        if isinstance(what, Path):
            return what
        if is_address(what):
            return None
        if _looks_like_path(what) or (os.sep != "/" and os.sep in what):
            try:
                return Path(what).expanduser()
            except RuntimeError as error:  # no such user
                raise CardError(f"{what}: {error}") from None
        distribution, slash, _ = what.rpartition("/")
        named = not slash or any(card.distribution == distribution for card in self.cards)
        return None if named else Path(what)

    def missing(self, config: ModelConfig) -> list[tuple[str, str]]:
        """The plugins that a config lacks: (distribution, what is wrong and what to do)."""
        return self._missing.gaps(config.requires)

    def open_folder(self, path: Path) -> Card:
        """The card of a folder: a model, a finished run (its export) or an unfinished one."""
        from ganzoo.specs import read_seeds, seed_folder

        if path.name == "config.json" and path.is_file():
            path = path.parent
        if not path.exists():
            raise CardError(f"there is no folder {str(path)!r}; `ganzoo list` shows the names")
        if not path.is_dir():
            raise CardError(f"{path} is not a model folder; give the folder that holds config.json")
        name = path.resolve().name
        if several := read_seeds(path):
            runs = ", ".join(str(seed_folder(path, seed)) for seed in several.seeds)
            raise CardError(f"{path} holds {len(several.seeds)} training seeds; name one of {runs}")
        if (path / "export" / "config.json").is_file():
            path = path / "export"
        if not (path / "config.json").is_file():
            raise CardError(f"{path} is not a model folder: it has no config.json")
        return self._opened(path, name)

    def _fetched(self, address: Address, weights: bool) -> Card:
        """The card of a model on the Hub; its weights are fetched where its plugins are here."""
        from ganzoo.hub.snapshot import find

        snapshot = find(address)
        if weights and not self.missing(snapshot.config):
            snapshot.fetch_weights()
        card = self._opened(snapshot.folder, address.name)
        card = replace(card, origin=str(snapshot.address))
        if not weights and card.status == "broken":
            note = "the weights are on the Hub, and are fetched when they are used"
            return replace(card, status="ready", problem=note)
        return card

    def _opened(self, folder: Path, name: str) -> Card:
        """The card of a folder that no plugin offers; raises what is wrong with it."""
        parsed = _read_config(folder, None)
        return self._card(folder, name, summary_of(parsed[0]), parsed=parsed)

    def _cards_of(self, distribution: str) -> Iterator[Card]:
        """A plugin's models, each name once."""
        folders: dict[str, Path] = {}
        for place in self.manager.plugins[distribution].cards:
            for folder in model_folders(place):
                card = self._offered(folder, distribution)
                first = folders.setdefault(card.name, folder)
                if first is folder:
                    yield card
                elif first.resolve() != folder.resolve():
                    problem = f"offers {card.name!r} twice; {folder} is left out"
                    self.manager.report(distribution, f"ganzoo_cards: {problem}")

    def _offered(self, folder: Path, distribution: str) -> Card:
        """The card of a plugin's folder; what is wrong with it becomes its status."""
        parsed, summary = None, self.index.get(folder / "config.json")
        if summary is None:
            try:
                parsed = _read_config(folder, distribution)
            except (ConfigError, CardError) as error:
                return Card(folder.name, folder, None, distribution, "broken", str(error))
            summary = summary_of(parsed[0])
            self.index.put(folder / "config.json", summary)
        return self._card(folder, folder.name, summary, distribution, parsed)

    def _card(
        self,
        folder: Path,
        name: str,
        summary: Summary,
        distribution: str | None = None,
        parsed: Parsed | None = None,
    ) -> Card:
        """A readable folder's card, with its status."""
        name, status, problem = summary.name or name, "ready", ""
        if gaps := self._missing.gaps(summary.requires):
            status, problem = f"needs {gaps[0][0]}", "; ".join(text for _, text in gaps)
        elif not summary.has_weights and _is_begun(folder):
            status = "running"
        elif not summary.has_weights:
            status, problem = "recipe", f"no weights yet; train it: ganzoo train {name}"
        elif not (folder / WEIGHTS).is_file():
            status, problem = "broken", f"{folder / WEIGHTS} is missing"
        return Card(name, folder, summary, distribution, status, problem, parsed=parsed)


def _read_config(folder: Path, distribution: str | None) -> Parsed:
    """Read a model folder's config.json, and check what the schema alone cannot."""
    from ganzoo.specs import MODEL_NAME, read_config

    path = folder / "config.json"
    config, raw = read_config(path)
    for name, wanted in config.requires.items():
        if not is_range(wanted):
            raise ConfigError(
                f"{path}: requires.{name}: {brief(wanted)} is not a version range; write '>=0.1'"
            )
    if distribution is not None and (config.name or folder.name) != folder.name:
        raise CardError(f"{path}: name is {config.name!r}, but its folder is {folder.name!r}")
    if distribution is not None and not MODEL_NAME.fullmatch(folder.name):
        raise CardError(f"{folder}: a model's name is lower-case words joined by '-'")
    return config, raw


def _folder_here(name: str) -> str | None:
    return f"a folder of that name is here: write ./{name}" if Path(name).is_dir() else None


def _looks_like_path(what: str) -> bool:
    drive = len(what) > 1 and what[1] == ":" and what[0].isalpha()
    return what.startswith((".", "/", "~", "\\")) or what.endswith(("/", ".json")) or drive


def _is_begun(folder: Path) -> bool:
    """Whether a training has begun in a folder: it has checkpoints, or the lock of a run."""
    return (folder / "checkpoints").is_dir() or (folder / RUN_LOCK).is_file()
