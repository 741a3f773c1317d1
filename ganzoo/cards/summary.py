"""What a list says of a model folder, and an index of it: cards that did not change are not read.

Reading a card whole and strictly takes milliseconds; a list of a thousand models needs a line of
each. The index lies in the user's cache folder, knows each `config.json` by its times, size and
number, and serves lists alone: whoever uses a model reads its card. What is wrong with a card is
not kept, since it may be mended without a trace.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ganzoo._version import __version__
from ganzoo.files import write_text
from ganzoo.specs import CONFIG_VERSION, ModelConfig

#: Times, size and number of a file: another file has others.
Stamp: TypeAlias = tuple[int, int, int, int]
Parsed: TypeAlias = tuple[ModelConfig, dict[str, Any]]

#: An index of more cards than this forgets those that were not asked for.
MOST = 10_000
LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Summary:
    """The line of a list, and what a model's status depends on."""

    name: str | None
    description: str
    data: str
    licence: str
    bytes: int
    parameters: Mapping[str, int]
    quality: str
    requires: Mapping[str, str]
    has_weights: bool


@dataclass(frozen=True)
class Entry:
    """What was found in a folder: its summary, or the problem; the card where it was just read."""

    summary: Summary | None
    problem: str = ""
    parsed: Parsed | None = field(default=None, repr=False, compare=False)


def summary_of(config: ModelConfig) -> Summary:
    """The summary of a card."""
    first = config.metrics[0] if config.metrics else None
    return Summary(
        name=config.name,
        description=config.description,
        data=config.recipe.data.name.rpartition("/")[2],
        licence=config.licenses.weights if config.licenses else "",
        bytes=sum(file.bytes for file in config.files.values()),
        parameters=dict(config.parameters),
        quality=f"{first.name} {first.value:.4g}{first.unit}" if first else "",
        requires=dict(config.requires),
        has_weights=bool(config.files),
    )


class Index:
    """Entries by the path of their `config.json`; without a file of its own it forgets them."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.entries = {} if path is None else _read(path)
        self.asked: set[str] = set()
        self.changed = False

    def entry(self, config: Path, read: Callable[[], Entry]) -> Entry:
        """What lies there; `read` finds it out where the file is new or another one."""
        key, stamp = str(config), _stamp(config)
        self.asked.add(key)
        known = self.entries.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        found = read()
        if self.path is not None and stamp is not None and found.summary is not None:
            self.entries[key] = (stamp, found)
            self.changed = True
        return found

    def save(self) -> None:
        """Write what is new; where the cache cannot be written, lists are slower and no worse."""
        if self.path is None or not self.changed:
            return
        if len(self.entries) > MOST:
            self.entries = {key: self.entries[key] for key in self.asked & self.entries.keys()}
        told = {
            key: [stamp, asdict(entry.summary)]
            for key, (stamp, entry) in self.entries.items()
            if entry.summary is not None
        }
        with suppress(OSError):
            write_text(self.path, json.dumps({"written_by": WRITER, "cards": told}))
            self.changed = False


#: Another version may see a card otherwise.
WRITER = f"ganzoo-core {__version__}, config {CONFIG_VERSION}"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": (str, type(None)),
    "description": str,
    "data": str,
    "licence": str,
    "bytes": int,
    "parameters": dict,
    "quality": str,
    "requires": dict,
    "has_weights": bool,
}


def _stamp(path: Path) -> Stamp | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino


def _read(path: Path) -> dict[str, tuple[Stamp, Entry]]:
    """The entries of a file; none where it is absent, torn, another version's or no index."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["written_by"] != WRITER:
            return {}
        return {
            key: (_four(stamp), Entry(_summary(summary)))
            for key, (stamp, summary) in told["cards"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _four(stamp: list[int]) -> Stamp:
    changed, moved, size, number = stamp
    return changed, moved, size, number


def _summary(told: dict[str, Any]) -> Summary:
    fits = all(isinstance(told[name], kind) for name, kind in _TYPES.items())
    fits = fits and all(isinstance(wish, str) for wish in told["requires"].values())
    if not fits or not all(isinstance(count, int) for count in told["parameters"].values()):
        raise TypeError("no summary")
    return Summary(**told)
