"""Finding the plugins that installed distributions declare."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from ganzoo.errors import PluginError


@dataclass(frozen=True)
class PluginSource:
    """A distribution that declares a plugin, and how to load its module."""

    distribution: str
    version: str
    load: Callable[[], ModuleType]


def canonical(distribution: str) -> str:
    """A distribution's name as indexes compare it: `My_Plugin` is `my-plugin` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def installed_sources() -> list[PluginSource]:
    """The plugins that installed distributions declare, by distribution name."""
    entries: dict[str, list[importlib.metadata.EntryPoint]] = {}
    versions: dict[str, str] = {}
    for entry in importlib.metadata.entry_points(group="ganzoo"):
        headers = {} if entry.dist is None else _headers(entry.dist)
        if "Name" in headers:  # a torn uninstall leaves a dist-info without metadata behind
            name = canonical(headers["Name"])
            versions[name] = headers.get("Version", "?")
            entries.setdefault(name, []).append(entry)
    return [PluginSource(name, versions[name], _loader(entries[name])) for name in sorted(entries)]


def _headers(distribution: importlib.metadata.Distribution) -> dict[str, str]:
    """The one-line headers of a distribution's metadata.

    `Distribution.metadata` parses the whole file as an e-mail, which takes `ganzoo list` longer
    than reading every card.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    head, _, _ = text.partition("\n\n")
    pairs = (line.partition(":") for line in head.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _loader(entries: list[importlib.metadata.EntryPoint]) -> Callable[[], ModuleType]:
    """Load a distribution's one plugin module; two different ones are an error."""
    targets = sorted({entry.value for entry in entries})

    def load() -> ModuleType:
        if len(targets) > 1:
            raise PluginError(
                f"declares {len(targets)} plugin modules ({', '.join(targets)}); declare one"
            )
        module = entries[0].load()
        if not isinstance(module, ModuleType):
            raise PluginError(f"its entry point {targets[0]!r} is not a module")
        return module

    return load
