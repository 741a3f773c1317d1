"""Loading each plugin in a guard, and keeping what it offers and what is wrong with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ganzoo._version import __version__
from ganzoo.errors import PluginError, one_line
from ganzoo.plugins import core, validation
from ganzoo.plugins.distributions import PluginSource, canonical, installed_sources
from ganzoo.plugins.hook_functions import Hooks, refused
from ganzoo.plugins.names import CORE

#: The contract that a plugin states as `ganzoo_api`.
API_VERSION = 1
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
    "exporter": "ganzoo_exporters",
}


class ReportedError(PluginError):
    """A problem that strict mode raises; the text names the plugin."""


@dataclass
class Plugin:
    """What a plugin offers, and what is wrong with it, one reason each."""

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


class PluginManager:
    """All plugins by distribution, each loaded by itself in a guard.

    `sources` defaults to the installed distributions that GANZOO_PLUGINS (names joined by commas)
    allows; `strict` (GANZOO_STRICT=1) raises a `PluginError` at the first problem.
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
        """All problems, each with its plugin."""
        return [(plugin, text) for plugin in self.plugins.values() for text in plugin.problems]

    def report(self, distribution: str, problem: str) -> None:
        """Note a problem with a plugin; in strict mode, raise it."""
        plugin = self.plugins.setdefault(distribution, Plugin(distribution, "?"))
        if problem not in plugin.problems:
            plugin.problems.append(problem)
        if self.strict:
            raise ReportedError(f"plugin {distribution} {plugin.version}: {problem}")

    def notify(self, event: str, **values: Any) -> None:
        """Call every listener of an event; one that raises is reported once and dropped.

        The order is pluggy's: `tryfirst`, the others, `trylast`; among equals, the plugin that was
        loaded last comes first.
        """
        caller = getattr(self.pluggy.hook, event)
        for listener in reversed(caller.get_hookimpls()):
            try:
                listener.function(*(values[name] for name in listener.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit too: a listener must not end the run
                caller._remove_plugin(listener.plugin)
                failed = f"{event} failed and is switched off: {one_line(error)}"
                warn(f"plugin {listener.plugin_name}: {failed}")

    def _allowed(self) -> list[PluginSource]:
        """The installed sources that GANZOO_PLUGINS allows."""
        sources = installed_sources()
        if (allowed := os.environ.get("GANZOO_PLUGINS")) is None:
            return sources
        wanted = {canonical(name.strip()) for name in allowed.split(",") if name.strip()}
        installed = {source.distribution for source in sources}
        for name in sorted(wanted - installed):
            self.plugins[name] = Plugin(name, "?", installed=False)
            self.report(name, "GANZOO_PLUGINS names it, but it is not installed")
        self.switched_off = installed - wanted
        return [source for source in sources if source.distribution in wanted]

    def _add(self, source: PluginSource) -> None:
        """Load one plugin and collect what it offers; an error becomes its problem."""
        name = source.distribution
        if name in self.plugins and self.plugins[name].loaded:
            self.report(name, "a second distribution of this name; the first is kept")
            return
        plugin = self.plugins[name] = Plugin(name, source.version)
        start = time.perf_counter()
        try:
            module = source.load()
            _check_api(module)
            self._register(plugin, module)
        except (KeyboardInterrupt, ReportedError):
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the host
            self.report(name, one_line(error))
        finally:
            plugin.seconds = time.perf_counter() - start

    def _register(self, plugin: Plugin, module: ModuleType) -> None:
        """Register a module with pluggy and call each of its data hooks."""
        without = refused(module, lambda text: self.report(plugin.distribution, text))
        try:
            self.pluggy.register_but(module, plugin.distribution, without)
        except pluggy.PluginValidationError as error:
            if self.pluggy.is_registered(module):  # some versions leave it half registered
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
        check: Callable[[str, Any, validation.Report], Any],
        empty: Any,
    ) -> Any:
        """Call one data hook of one plugin in a guard, and check what it returns."""
        impls = getattr(self.pluggy.hook, hook).get_hookimpls()
        impl = next((impl for impl in reversed(impls) if impl.plugin is module), None)
        if impl is None:
            return empty
        try:
            return check(hook, impl.function(), lambda text: self.report(plugin.distribution, text))
        except (KeyboardInterrupt, ReportedError):
            raise
        except BaseException as error:
            text = one_line(error)
            self.report(plugin.distribution, text if hook in text else f"{hook}: {text}")
            return empty


def warn(text: str) -> None:
    """Log a warning."""
    import logging  # here, since `ganzoo list` has nothing to log

    logging.getLogger("ganzoo").warning("%s", text)


def _check_api(module: ModuleType) -> None:
    version = getattr(module, "ganzoo_api", 1)
    if version != API_VERSION:
        raise PluginError(
            f"written for ganzoo_api {version!r}, but ganzoo-core {__version__} has {API_VERSION}; "
            "install versions that match"
        )
