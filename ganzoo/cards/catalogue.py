"""Finding model folders by name or path, and saying what is missing where one cannot be used."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ganzoo.cards.card import Card
from ganzoo.cards.summary import Entry, Index, summary_of
from ganzoo.errors import CardError, ConfigError, UnknownNameError, brief, did_you_mean
from ganzoo.hub import Address, is_address
from ganzoo.plugins import CORE, PluginManager, canonical
from ganzoo.plugins.registry import Registry
from ganzoo.plugins.versions import is_range, version_fits
from ganzoo.specs import (
    GENERATOR_FILE,
    MODEL_NAME,
    ModelConfig,
    Part,
    read_config,
    read_seeds,
    seed_folder,
)


class Catalogue:
    """All parts and all models of one set of plugins; the index knows cards from earlier lists."""

    def __init__(self, manager: PluginManager, index: Index | None = None) -> None:
        self.manager = manager
        self.index = index or Index()
        self.registry = Registry(manager, hint=self.offered_by)

    @functools.cached_property
    def cards(self) -> list[Card]:
        """All model folders that plugins offer, by name; reports those that cannot be used."""
        found: list[Card] = []
        for plugin in self.manager.plugins:
            own: dict[str, Card] = {}
            for card in self._cards_of(plugin):
                first = own.setdefault(card.name, card)
                if first is not card and first.folder.resolve() != card.folder.resolve():
                    self.manager.report(
                        plugin,
                        f"ganzoo_cards: offers {card.name!r} twice; {card.folder} is left out",
                    )
            found += own.values()
        official = {card.name for card in found if card.distribution == CORE}
        for card in found:
            if card.distribution not in (None, CORE) and card.name in official:
                self.manager.report(
                    str(card.distribution),
                    f"ganzoo_cards: the name {card.name!r} is the zoo's own; "
                    f"this one is {card.qualified}",
                )
        return sorted(found, key=lambda card: (card.name, str(card.distribution)))

    def names(self) -> list[str]:
        """Names that `card` takes, sorted: bare where they are clear, else qualified."""
        bare = Counter(card.name for card in self.cards)
        return sorted(
            card.name if bare[card.name] == 1 or card.distribution == CORE else card.qualified
            for card in self.cards
        )

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
                c
                for c in cards
                if fnmatch.fnmatchcase(c.name, wild) or fnmatch.fnmatchcase(c.qualified, pattern)
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
        distribution, _, bare = name.rpartition("/")
        found = [card for card in self.cards if card.name == bare]
        if distribution:
            found = [card for card in found if card.distribution == distribution]
        elif len(found) > 1:
            found = [card for card in found if card.distribution == CORE] or found
        if len(found) > 1:
            options = " or ".join(repr(card.qualified) for card in found)
            raise UnknownNameError(f"model {name!r} is offered twice; say {options}")
        if not found:
            raise UnknownNameError(f"there is no model {name!r}; {self._advice(name)}")
        return found[0]

    def locate(self, what: str | Path, *, weights: bool = True) -> Card:
        """The card of a WHAT: `hf-hub:owner/repo`, a path, a run, or a name (DESIGN's order).

        Without `weights`, those of a model on the Hub stay there.
        """
        if is_address(what):
            return self._fetched(Address.parse(str(what)), weights)
        path = self.as_path(what)
        return self.card(str(what)) if path is None else self.open_folder(path)

    def as_path(self, what: str | Path) -> Path | None:
        """The path that a WHAT stands for, whatever lies there; None where it names a model."""
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

    def _fetched(self, address: Address, weights: bool) -> Card:
        """The card of a model on the Hub, its weights fetched where its plugins are here."""
        from ganzoo.hub.snapshot import find  # here, since most commands never need it

        found = find(address)
        if weights and not self.missing(found.config):
            found.fetch_weights()
        card = replace(self._read(found.folder, None, address.name), origin=str(found.address))
        if not weights and card.status == "broken":
            said = "the weights are on the Hub, and fetched when they are used"
            return replace(card, status="ready", problem=said)
        return card

    def open_folder(self, path: Path) -> Card:
        """The card of a folder: a model, a finished run (its export) or an unfinished one."""
        if path.name == "config.json" and path.is_file():
            path = path.parent
        if not path.exists():
            raise CardError(f"there is no folder {str(path)!r}; `ganzoo list` shows the names")
        if not path.is_dir():
            raise CardError(f"{path} is no model folder; give the folder that holds config.json")
        name = path.resolve().name
        if several := read_seeds(path):
            runs = ", ".join(str(seed_folder(path, seed)) for seed in several.seeds)
            raise CardError(f"{path} holds {len(several.seeds)} training seeds; name one of {runs}")
        if (path / "export" / "config.json").is_file():
            path = path / "export"
        if not (path / "config.json").is_file():
            raise CardError(f"{path} is no model folder: it holds no config.json")
        return self._read(path, None, name)

    def offered_by(self, kind: str, name: str) -> str | None:
        """Which plugin would offer a part that is not there, as the known models tell."""
        for card in self.cards:
            for part_kind, part in _parts_of(_config_of(card)):
                distribution, _, bare = part.name.rpartition("/")
                same = part_kind == kind and name in (bare, part.name)
                if same and distribution and distribution not in (CORE, *self._working()):
                    return f"{distribution} offers it; {self._get(distribution)}"
        return self._likely_offer(name)

    def _likely_offer(self, name: str) -> str | None:
        """A known plugin that is missing, where the part's name begins or is qualified with its."""
        known = {d for card in self.cards if card.summary for d in card.summary.requires}
        for distribution in sorted(known - set(self._working())):
            family = distribution.removeprefix("ganzoo-")
            if name.startswith(f"{distribution}/"):
                return self._get(distribution)
            if name == family or name.startswith(f"{family}-"):
                return f"{distribution} may offer it; {self._get(distribution)}"
        return None

    def missing(self, config: ModelConfig) -> list[tuple[str, str]]:
        """What of `requires` is not there: (distribution, what is wrong and what to do)."""
        return self._gaps(config.requires)

    def _gaps(self, requires: Mapping[str, str]) -> list[tuple[str, str]]:
        gaps = []
        for name, wish in sorted(requires.items()):
            known = canonical(name)
            plugin = self.manager.plugins.get(CORE if known == "ganzoo-core" else known)
            if known in self.manager.switched_off:
                gaps.append((name, f"{name} is switched off by GANZOO_PLUGINS"))
            elif plugin is None or not plugin.installed:
                gaps.append((name, f"{name} is not installed; {self._install(name)}"))
            elif not plugin.loaded:
                reason = plugin.problems[0] if plugin.problems else "it did not load"
                gaps.append((name, f"{name} is installed but broken: {reason}"))
            elif not version_fits(plugin.version, wish):
                gaps.append(
                    (
                        name,
                        f"{name}{wish} is needed, {plugin.version} is installed; "
                        f"{self._install(name)}",
                    )
                )
        return gaps

    def _cards_of(self, distribution: str) -> Iterator[Card]:
        for place in self.manager.plugins[distribution].cards:
            for folder in _model_folders(place):
                yield self._read(folder, distribution)

    def _read(self, folder: Path, distribution: str | None, name: str = "") -> Card:
        """Read one folder's card; whatever is wrong becomes its status."""
        name = name or folder.name
        found = self._entry(folder, distribution)
        summary = found.summary
        if summary is None:
            return Card(name, folder, None, distribution, "broken", found.problem)
        name = summary.name or name
        gaps = self._gaps(summary.requires)
        status, problem = "ready", ""
        if gaps:
            status, problem = f"needs {gaps[0][0]}", "; ".join(text for _, text in gaps)
        elif not summary.has_weights:
            running = (folder / "checkpoints").is_dir()
            status = "running" if running else "recipe"
            problem = f"no weights yet; train it: ganzoo train {name}" if not running else ""
        elif not (folder / GENERATOR_FILE).is_file():
            status, problem = "broken", f"{folder / GENERATOR_FILE} is missing"
        return Card(name, folder, summary, distribution, status, problem, parsed=found.parsed)

    def _entry(self, folder: Path, distribution: str | None) -> Entry:
        """What lies in a folder; only of a plugin's is a problem noted and not raised."""
        path = folder / "config.json"

        def read() -> Entry:
            try:
                config, raw = read_config(path)
                self._check(config, folder, distribution)
            except (ConfigError, CardError) as error:
                if distribution is None:
                    raise
                return Entry(None, str(error))
            return Entry(summary_of(config), parsed=(config, raw))

        return read() if distribution is None else self.index.entry(path, read)

    @staticmethod
    def _check(config: ModelConfig, folder: Path, distribution: str | None) -> None:
        """What the schema alone cannot say of a model folder."""
        where = folder / "config.json"
        for name, wish in config.requires.items():
            if not is_range(wish):
                raise ConfigError(
                    f"{where}: requires.{name}: {brief(wish)} is no version range; write '>=0.1'"
                )
        if distribution is not None and (config.name or folder.name) != folder.name:
            raise CardError(f"{where}: name is {config.name!r}, its folder {folder.name!r}")
        if distribution is not None and not MODEL_NAME.fullmatch(folder.name):
            raise CardError(f"{folder}: a model's name is lower-case words joined by '-'")

    def _advice(self, name: str) -> str:
        if name and Path(name).is_dir():
            return f"a folder of that name lies here: say ./{name}"
        return did_you_mean(name, self.names(), otherwise="`ganzoo list` shows: {}")

    def _working(self) -> list[str]:
        return [name for name, plugin in self.manager.plugins.items() if plugin.loaded]

    def _get(self, distribution: str) -> str:
        """What to do about a plugin that does not work."""
        plugin = self.manager.plugins.get(distribution)
        if distribution in self.manager.switched_off:
            return "it is switched off by GANZOO_PLUGINS"
        if plugin is not None and plugin.installed and plugin.problems:
            return f"it is installed but broken: {plugin.problems[0]}"
        return self._install(distribution)

    def _install(self, distribution: str) -> str:
        """How to get a plugin: the zoo's own lie in its checkout until they are on an index."""
        own = distribution in self._own_plugins
        return f"install it: pip install {'./plugins/' if own else ''}{distribution}"

    @functools.cached_property
    def _own_plugins(self) -> set[str]:
        """The plugins that the official cards require, or name in their parts."""
        found: set[str] = set()
        for place in self.manager.plugins[CORE].cards:
            for folder in _model_folders(place):
                with contextlib.suppress(ConfigError):
                    config, _ = read_config(folder / "config.json")
                    found |= config.requires.keys()
                    found |= {part.name.rpartition("/")[0] for _, part in _parts_of(config)}
        return found


def _model_folders(place: Path) -> list[Path]:
    """A folder that is a model, or the models in it, by name; none that is only half written."""
    if (place / "config.json").is_file():
        return [place]
    folders = (folder for folder in sorted(place.iterdir()) if not folder.name.startswith("."))
    return [folder for folder in folders if (folder / "config.json").is_file()]


def _config_of(card: Card) -> ModelConfig | None:
    """The config of a card; None where it cannot be read, or no longer."""
    try:
        return card.config
    except (ConfigError, CardError):
        return None


def _looks_like_path(what: str) -> bool:
    drive = len(what) > 1 and what[1] == ":" and what[0].isalpha()
    return what.startswith((".", "/", "~", "\\")) or what.endswith(("/", ".json")) or drive


def _parts_of(config: ModelConfig | None) -> list[tuple[str, Part]]:
    if config is None:
        return []
    return [
        ("generator", config.generator),
        ("discriminator", config.discriminator),
        ("loss", config.recipe.loss),
        ("dataset", config.recipe.data),
    ]
