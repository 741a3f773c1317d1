"""Plugins as the kit takes them: installed, modules, or copies with the stand-ins beside them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from ganzoo.cards import Catalogue
from ganzoo.plugins import (
    CORE,
    PART_HOOKS,
    Plugin,
    PluginManager,
    PluginSource,
    canonical,
    hookimpl,
)
from ganzoo.plugins.distributions import installed_sources

#: The plugin of the players and data that stand in where nothing else fits.
STANDINS = "ganzoo-testing"
_STANDIN_PARTS = {
    "generator": {"plain": "ganzoo.testing.standins:PlainGenerator"},
    "discriminator": {"plain": "ganzoo.testing.standins:PlainDiscriminator"},
    "dataset": {"patterns": "ganzoo.testing.standins:Patterns"},
}


def source_of(what: str | ModuleType | PluginSource) -> PluginSource:
    """The source of a plugin: an installed distribution, a module, or a module's name."""
    if isinstance(what, PluginSource):
        return what
    if isinstance(what, str):
        for source in installed_sources():
            if source.distribution == canonical(what):
                return source
        what = importlib.import_module(what)
    module, name = what, what.__name__
    if name == "__main__":
        name = Path(getattr(module, "__file__", None) or "script").stem
    version = str(getattr(module, "__version__", "0.1"))
    return PluginSource(canonical(name.partition(".")[0]), version, lambda: module)


#: The worlds of `with_standins`: in one world, data sets are opened once for all plugins.
_WORLDS: WeakKeyDictionary[Catalogue, Catalogue] = WeakKeyDictionary()


def with_standins(zoo: Catalogue) -> Catalogue:
    """The same parts and models and the stand-ins, without listeners: no game calls any events."""
    if zoo not in _WORLDS:
        _WORLDS[zoo] = _made_with_standins(zoo)
    return _WORLDS[zoo]


def _made_with_standins(zoo: Catalogue) -> Catalogue:
    plugins = [p for p in zoo.manager.plugins.values() if p.distribution != CORE and p.loaded]
    sources = [
        offering(p.distribution, p.version, p.parts, p.cards)
        for p in plugins
        if p.distribution != STANDINS
    ]
    standins = offering(STANDINS, "0", _STANDIN_PARTS)
    manager = PluginManager([*sources, standins], strict=False)
    manager.plugins[CORE].cards = list(zoo.manager.plugins[CORE].cards)
    return Catalogue(manager)


def offering(
    distribution: str,
    version: str,
    parts: Mapping[str, Mapping[str, str]],
    cards: list[Path] | None = None,
) -> PluginSource:
    """A plugin that offers these parts, by kind, and these folders of models."""
    module = ModuleType(f"plugin of {distribution}")
    for kind, offered in parts.items():
        module.__dict__[PART_HOOKS[kind]] = _hook(PART_HOOKS[kind], dict(offered))
    if cards:
        module.__dict__["ganzoo_cards"] = _hook("ganzoo_cards", list(cards))
    return PluginSource(distribution, version, lambda: module)


def module_of(zoo: Catalogue, plugin: Plugin) -> ModuleType | None:
    """The module of a plugin, if it was loaded."""
    module = zoo.manager.pluggy.get_plugin(plugin.distribution)
    return module if isinstance(module, ModuleType) else None


def _hook(name: str, value: Any) -> Any:
    def hook() -> Any:
        return value

    hook.__name__ = name
    return hookimpl(hook)
