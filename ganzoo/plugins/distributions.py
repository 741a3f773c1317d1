"""Finding the plugins that installed distributions declare.

The folders on `sys.path` are searched for `*.dist-info/entry_points.txt`, as `importlib.metadata`
does. That module is not used, because importing it takes as long as all of `ganzoo list`.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.errors import PluginError

#: Of a folder's name: the distribution, and what marks its metadata.
_METADATA = re.compile(r"([^-]+?)(-.*)?\.(dist|egg)-info")


@dataclass(frozen=True)
class PluginSource:
    """A distribution that declares a plugin, and how to load its module."""

    distribution: str
    version: str
    load: Callable[[], ModuleType]


def canonical(distribution: str) -> str:
    """A distribution's name as indexes compare it: `My_Plugin` is `my-plugin` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported(target: str) -> Any:
    """The object that `"module"` or `"module:attribute"` names."""
    module, _, attribute = target.partition(":")
    value: Any = importlib.import_module(module)
    for step in attribute.split(".") if attribute else ():
        value = getattr(value, step)
    return value


def installed_sources() -> list[PluginSource]:
    """The plugins that installed distributions declare, by distribution name."""
    sources = []
    for folder in _metadata_folders():
        if targets := _plugin_modules(_text(folder / "entry_points.txt")):
            headers = _headers(_text(folder / "METADATA") or _text(folder / "PKG-INFO"))
            if "Name" in headers:  # a torn uninstall leaves a dist-info without metadata behind
                name = canonical(headers["Name"])
                sources.append(PluginSource(name, headers.get("Version", "?"), _loader(targets)))
    return sorted(sources, key=lambda source: source.distribution)


def _metadata_folders() -> Iterator[Path]:
    """The metadata folder of each distribution; the first on `sys.path` counts."""
    seen = set()
    for place in sys.path:
        with suppress(OSError):  # an archive, or a folder that is not there
            for folder in sorted(Path(place).iterdir()):
                match = _METADATA.fullmatch(folder.name)
                if match and (distribution := canonical(match[1])) not in seen:
                    seen.add(distribution)
                    yield folder


def _text(path: Path) -> str:
    """The text of a file; empty where it is absent."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _plugin_modules(entry_points: str) -> list[str]:
    """The values in the group `ganzoo` of an entry_points.txt, sorted."""
    _, _, group = f"\n{entry_points}".partition("\n[ganzoo]\n")
    lines = (line.partition("=") for line in group.partition("\n[")[0].splitlines())
    return sorted({value.strip() for name, equals, value in lines if equals and name[0] != "#"})


def _headers(metadata: str) -> dict[str, str]:
    """The one-line headers of a METADATA file."""
    head, _, _ = metadata.partition("\n\n")
    pairs = (line.partition(":") for line in head.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _loader(targets: list[str]) -> Callable[[], ModuleType]:
    """Load a distribution's one plugin module; two different ones are an error."""

    def load() -> ModuleType:
        if len(targets) > 1:
            raise PluginError(
                f"declares {len(targets)} plugin modules ({', '.join(targets)}); declare one"
            )
        module = imported(targets[0])
        if not isinstance(module, ModuleType):
            raise PluginError(f"its entry point {targets[0]!r} is not a module")
        return module

    return load
