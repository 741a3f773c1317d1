"""Finding plugins, loading each in a guard, and keeping what each contributes."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ganzoo._version import __version__
from ganzoo.errors import PluginError, one_line
from ganzoo.plugins import core, validation
from ganzoo.plugins.hook_functions import Hooks, refused

#: The contract that a plugin states as `ganzoo_api`.
API_VERSION = 1
#: The core's own name in qualified names, such as `ganzoo/hinge`.
CORE = "ganzoo"
#: Kinds of parts and the hook that offers each.
PART_HOOKS = {
    "generator": "ganzoo_generators",
    "discriminator": "ganzoo_discriminators",
    "loss": "ganzoo_losses",
    "dataset": "ganzoo_datasets",
    "augmentation": "ganzoo_augmentations",
    "schedule": "ganzoo_schedules",
    "extractor": "ganzoo_extractors",
    "metric": "ganzoo_metrics",
    "tracker": "ganzoo_trackers",
    "writer": "ganzoo_writers",
}

log = logging.getLogger("ganzoo")


class ReportedError(PluginError):
    """A problem that strict mode raises, with its plugin's name in it."""


@dataclass(frozen=True)
class PluginSource:
    """A distribution that declares a plugin, and how to load its module."""

    distribution: str
    version: str
    load: Callable[[], ModuleType]


@dataclass
class Plugin:
    """A plugin as found: what it contributes, and what is wrong with it, a reason a line."""

    distribution: str
    version: str
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    cards: list[Path] = field(default_factory=list)
    protocols: list[Path] = field(default_factory=list)
    commands: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    loaded: bool = False
    installed: bool = True
    seconds: float = 0.0


def canonical(distribution: str) -> str:
    """A distribution's name as indexes compare it: `My_Plugin` is `my-plugin` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def installed_sources() -> list[PluginSource]:
    """The plugins that installed distributions declare, by distribution name.

    A distribution that declares several modules is taken at its first by name; the manager
    reports the rest.
    """
    found: dict[str, list[importlib.metadata.EntryPoint]] = {}
    versions: dict[str, str] = {}
    for entry in importlib.metadata.entry_points(group="ganzoo"):
        about = {} if entry.dist is None else _headers(entry.dist)
        if "Name" in about:  # a dist-info left behind by a torn uninstall has none
            name = canonical(about["Name"])
            versions[name] = about.get("Version", "?")
            found.setdefault(name, []).append(entry)
    return [PluginSource(name, versions[name], _loader(found[name])) for name in sorted(found)]


def _headers(distribution: importlib.metadata.Distribution) -> dict[str, str]:
    """The one-line headers of a distribution's metadata.

    `Distribution.metadata` would parse all of it as an e-mail, which takes `ganzoo list` longer
    than reading every card.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head, _, _ = text.partition("\n\n")
    pairs = (line.partition(":") for line in head.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _loader(entries: list[importlib.metadata.EntryPoint]) -> Callable[[], ModuleType]:
    """Load a distribution's one module; two different ones are an error."""
    values = sorted({entry.value for entry in entries})

    def load() -> ModuleType:
        if len(values) > 1:
            raise PluginError(
                f"declares {len(values)} plugin modules ({', '.join(values)}); "
                "a distribution has one"
            )
        module = entries[0].load()
        if not isinstance(module, ModuleType):
            raise PluginError(f"its entry point {values[0]!r} is no module")
        return module

    return load


class PluginManager:
    """All plugins, each loaded by itself, in a guard.

    `sources` defaults to the installed distributions, of which GANZOO_PLUGINS (names joined by
    commas) allows some; `strict` (GANZOO_STRICT=1) raises a `PluginError` at the first problem.
    """

    def __init__(
        self, sources: Iterable[PluginSource] | None = None, *, strict: bool | None = None
    ) -> None:
        self.strict = os.environ.get("GANZOO_STRICT") == "1" if strict is None else strict
        self.pluggy = Hooks()
        self.plugins: dict[str, Plugin] = {}
        self.switched_off: set[str] = set()
        self._add(PluginSource(CORE, __version__, lambda: core))
        for source in self._allowed() if sources is None else sources:
            self._add(source)

    @property
    def problems(self) -> list[tuple[Plugin, str]]:
        """Everything that is wrong, with the plugin it is wrong with."""
        return [(plugin, text) for plugin in self.plugins.values() for text in plugin.problems]

    def report(self, distribution: str, problem: str) -> None:
        """Note a problem with a plugin; in strict mode, raise it."""
        plugin = self.plugins.setdefault(distribution, Plugin(distribution, "?"))
        if problem not in plugin.problems:
            plugin.problems.append(problem)
        if self.strict:
            raise ReportedError(f"plugin {distribution} {plugin.version}: {problem}")

    def notify(self, event: str, **values: Any) -> None:
        """Tell every listener of an event; one that raises is reported once and dropped.

        In pluggy's order: those that say `tryfirst`, the others, those that say `trylast`; among
        equals the plugin that was loaded last.
        """
        caller = getattr(self.pluggy.hook, event)
        for listener in reversed(caller.get_hookimpls()):
            try:
                listener.function(*(values[name] for name in listener.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit too: a listener must not end the run
                caller._remove_plugin(listener.plugin)
                name = listener.plugin_name
                log.warning(
                    "plugin %s: %s failed and is off from here: %s", name, event, one_line(error)
                )

    def _allowed(self) -> list[PluginSource]:
        """The installed sources that GANZOO_PLUGINS allows."""
        sources = installed_sources()
        if (wish := os.environ.get("GANZOO_PLUGINS")) is None:
            return sources
        wanted = {canonical(name.strip()) for name in wish.split(",") if name.strip()}
        for name in sorted(wanted - {source.distribution for source in sources}):
            self.plugins[name] = Plugin(name, "?", installed=False)
            self.report(name, "GANZOO_PLUGINS asks for it, and it is not installed")
        self.switched_off = {source.distribution for source in sources} - wanted
        return [source for source in sources if source.distribution in wanted]

    def _add(self, source: PluginSource) -> None:
        """Load one plugin and collect what it offers; whatever it does, the others go on."""
        name = source.distribution
        if name in self.plugins and self.plugins[name].loaded:
            self.report(name, "a second distribution of this name; the first stays")
            return
        plugin = self.plugins[name] = Plugin(name, source.version)
        start = time.perf_counter()
        try:
            module = source.load()
            self._check_api(module)
            self._register(plugin, module)
        except KeyboardInterrupt:
            raise
        except ReportedError:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the host
            self.report(name, one_line(error))
        finally:
            plugin.seconds = time.perf_counter() - start

    @staticmethod
    def _check_api(module: ModuleType) -> None:
        version = getattr(module, "ganzoo_api", 1)
        if version != API_VERSION:
            raise PluginError(
                f"written for ganzoo_api {version!r}, this ganzoo-core {__version__} has "
                f"{API_VERSION}; install versions that agree"
            )

    def _register(self, plugin: Plugin, module: ModuleType) -> None:
        """Register a module with pluggy and call each of its data hooks in a guard."""
        without = refused(module, lambda text: self.report(plugin.distribution, text))
        try:
            self.pluggy.register_but(module, plugin.distribution, without)
        except pluggy.PluginValidationError as error:
            if self.pluggy.is_registered(module):  # some pluggy leaves it half registered
                self.pluggy.unregister(module)
            raise PluginError(one_line(error)) from None
        plugin.loaded = True
        for kind, hook in PART_HOOKS.items():
            plugin.parts[kind] = self._call(plugin, module, hook, validation.parts, {})
        plugin.cards = self._call(plugin, module, "ganzoo_cards", validation.folders, [])
        plugin.protocols = self._call(plugin, module, "ganzoo_protocols", validation.folders, [])
        plugin.commands = self._call(plugin, module, "ganzoo_commands", validation.commands, {})

    def _call(
        self,
        plugin: Plugin,
        module: ModuleType,
        hook: str,
        check: Callable[[str, Any, Callable[[str], None]], Any],
        empty: Any,
    ) -> Any:
        """Call one data hook of one plugin, and check what it returns."""
        impls = getattr(self.pluggy.hook, hook).get_hookimpls()
        impl = next((impl for impl in reversed(impls) if impl.plugin is module), None)
        if impl is None:
            return empty
        try:
            returned = impl.function()
            return check(hook, returned, lambda text: self.report(plugin.distribution, text))
        except KeyboardInterrupt:
            raise
        except ReportedError:
            raise
        except BaseException as error:
            text = one_line(error)
            self.report(plugin.distribution, text if hook in text else f"{hook}: {text}")
            return empty


def parts_of(plugins: Mapping[str, Plugin], kind: str) -> Iterable[tuple[str, str, str]]:
    """All (name, distribution, target) of a kind of part."""
    for plugin in plugins.values():
        for name, target in plugin.parts.get(kind, {}).items():
            yield name, plugin.distribution, target
