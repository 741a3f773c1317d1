"""What a list shows of a model folder, and an index that saves reading unchanged cards.

Reading a card strictly takes milliseconds, and `ganzoo list` needs one line of each. The index lies
in the user's cache folder and knows each `config.json` by its times, size and inode number. Only
lists use it: whoever uses a model reads its card. Problems are not kept, since they may be mended
without changing the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ganzoo._version import __version__

if TYPE_CHECKING:
    from ganzoo.specs import ModelConfig

#: A file's modification and change times, size and inode number.
Stamp: TypeAlias = tuple[int, int, int, int]

#: An index of more cards than this forgets those that this process did not ask for.
MOST = 10_000
LARGEST = 64 * 1024 * 1024
#: Another version of ganzoo may see a card differently.
WRITER = f"ganzoo-core {__version__}"


@dataclass(frozen=True)
class Summary:
    """What a list shows of a model, and what its status depends on."""

    name: str | None
    description: str
    data: str
    licence: str
    bytes: int
    parameters: Mapping[str, int]
    quality: str
    requires: Mapping[str, str]
    has_weights: bool


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
    """Summaries by the path of their `config.json`; without its own file it keeps none."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.summaries = {} if path is None else _read(path)
        self._stamps: dict[str, Stamp | None] = {}
        self.changed = False

    def get(self, config: Path) -> Summary | None:
        """The summary of a card that has not changed since it was put in; else None."""
        key = str(config)
        self._stamps[key] = stamp = _stamp(config)
        known = self.summaries.get(key)
        return known[1] if known is not None and known[0] == stamp else None

    def put(self, config: Path, summary: Summary) -> None:
        """Keep the summary of a card as it was when `get` was called, before it was read."""
        stamp = self._stamps.get(str(config))
        if self.path is not None and stamp is not None:
            self.summaries[str(config)] = (stamp, summary)
            self.changed = True

    def save(self) -> None:
        """Write what is new; where the cache is not writable, lists are merely slower."""
        if self.path is None or not self.changed:
            return
        from ganzoo.files import write_text

        if len(self.summaries) > MOST:
            asked = self._stamps.keys() & self.summaries.keys()
            self.summaries = {key: self.summaries[key] for key in asked}
        cards = {key: [stamp, asdict(summary)] for key, (stamp, summary) in self.summaries.items()}
        with suppress(OSError):
            write_text(self.path, json.dumps({"written_by": WRITER, "cards": cards}))
            self.changed = False


def _stamp(path: Path) -> Stamp | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino


def _read(path: Path) -> dict[str, tuple[Stamp, Summary]]:
    """The summaries in a file; none where it is absent, torn, or another version's."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["written_by"] != WRITER:
            return {}
        return {
            key: (_checked_stamp(stamp), _checked_summary(fields))
            for key, (stamp, fields) in data["cards"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _checked_stamp(stamp: list[int]) -> Stamp:
    modified, changed, size, inode = stamp
    return modified, changed, size, inode


def _checked_summary(fields: dict[str, Any]) -> Summary:
    fits = all(isinstance(fields[name], kind) for name, kind in _TYPES.items())
    fits = fits and all(isinstance(version, str) for version in fields["requires"].values())
    if not fits or not all(isinstance(count, int) for count in fields["parameters"].values()):
        raise TypeError("this is not a summary")
    return Summary(**fields)
