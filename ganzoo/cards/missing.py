"""Which plugins a model or a part lacks, and how to get them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import CardError, ConfigError
from ganzoo.plugins.distributions import canonical
from ganzoo.plugins.manager import PluginManager
from ganzoo.plugins.names import CORE
from ganzoo.plugins.versions import version_fits

if TYPE_CHECKING:
    from ganzoo.cards.card import Card
    from ganzoo.specs import ModelConfig, Part


class MissingPlugins:
    """Says what is not installed, switched off, broken or too old, and what to do about it."""

    def __init__(self, manager: PluginManager, cards: Callable[[], Iterable[Card]]) -> None:
        self.manager = manager
        self._cards = cards

    def gaps(self, requires: Mapping[str, str]) -> list[tuple[str, str]]:
        """The requirements that are not met: (distribution, what is wrong and what to do)."""
        problems = ((name, self._gap(name, wanted)) for name, wanted in sorted(requires.items()))
        return [(name, problem) for name, problem in problems if problem]

    def _gap(self, name: str, wanted: str) -> str:
        """Why a distribution does not meet its version range; empty where it does."""
        distribution = canonical(name)
        plugin = self.manager.plugins.get(CORE if distribution == "ganzoo-core" else distribution)
        if distribution in self.manager.switched_off:
            return f"{name} is switched off by GANZOO_PLUGINS"
        if plugin is None or not plugin.installed:
            return f"{name} is not installed; {self._install(name)}"
        if not plugin.loaded:
            reason = plugin.problems[0] if plugin.problems else "it did not load"
            return f"{name} is installed but broken: {reason}"
        if not version_fits(plugin.version, wanted):
            return (
                f"{name}{wanted} is required, {plugin.version} is installed; {self._install(name)}"
            )
        return ""

    def offer_of(self, kind: str, name: str) -> str | None:
        """Which plugin would offer a part that is not there, judging by the known cards."""
        working = {name for name, plugin in self.manager.plugins.items() if plugin.loaded}
        for card in self._cards():
            for part_kind, part in _parts_of(_config_of(card)):
                distribution, _, bare = part.name.rpartition("/")
                same = part_kind == kind and name in (bare, part.name)
                if same and distribution and distribution not in {CORE, *working}:
                    return f"{distribution} offers it; {self._get(distribution)}"
        known = {d for card in self._cards() if card.summary for d in card.summary.requires}
        return self._likely_offer(name, sorted(known - working))

    def _likely_offer(self, name: str, missing: Iterable[str]) -> str | None:
        """The missing plugin whose name the part's name begins with."""
        for distribution in missing:
            family = distribution.removeprefix("ganzoo-")
            if name.startswith(f"{distribution}/"):
                return self._get(distribution)
            if name == family or name.startswith(f"{family}-"):
                return f"{distribution} may offer it; {self._get(distribution)}"
        return None

    def _get(self, distribution: str) -> str:
        """What to do about a plugin that does not work."""
        plugin = self.manager.plugins.get(distribution)
        if distribution in self.manager.switched_off:
            return "it is switched off by GANZOO_PLUGINS"
        if plugin is not None and plugin.installed and plugin.problems:
            return f"it is installed but broken: {plugin.problems[0]}"
        return self._install(distribution)

    def _install(self, distribution: str) -> str:
        """How to install a plugin: the zoo's own come from its checkout until they are released."""
        own = distribution in self._official
        return f"install it: pip install {'./plugins/' if own else ''}{distribution}"

    @functools.cached_property
    def _official(self) -> set[str]:
        """The plugins that the official cards require, or name in their parts."""
        return {name for place in self.manager.plugins[CORE].cards for name in _needed_in(place)}


def _needed_in(place: Path) -> Iterator[str]:
    """The plugins that the cards of a folder require or name."""
    from ganzoo.specs import read_config

    for folder in model_folders(place):
        with suppress(ConfigError):
            config, _ = read_config(folder / "config.json")
            yield from config.requires
            yield from (part.name.rpartition("/")[0] for _, part in _parts_of(config))


def model_folders(place: Path) -> list[Path]:
    """The folder itself where it is a model, else the models in it, without hidden ones."""
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


def _parts_of(config: ModelConfig | None) -> list[tuple[str, Part]]:
    if config is None:
        return []
    return [
        ("generator", config.generator),
        ("discriminator", config.discriminator),
        ("loss", config.recipe.loss),
        ("dataset", config.recipe.data),
    ]
