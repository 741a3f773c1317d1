"""The keys of a record by dotted paths, and which of them somebody meant."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from ganzoo.errors import ConfigError, brief, did_you_mean

#: Suggestions at the most.
MOST = 4


def check_path(record: type, path: str, *, also: Iterable[str] = (), option: str = "") -> None:
    """Refuse a dotted path that names no key of a record; `ConfigError` names the nearest.

    What lies below `arguments` or `extra`, or in a list, is no schema's. `option` is what the user
    wrote, `also` are keys that it might have begun with.
    """
    hint: Any = record
    done: list[str] = []
    for key in path.split("."):
        kinds, free = _records(hint)
        if free:
            return
        known = {name: kind for kind in kinds for name, kind in _fields(kind).items()}
        if not known:
            held = f"{option}: {'.'.join(done)!r} holds a value, which has no keys below it"
            raise ConfigError(held)
        if key not in known:
            near = _nearest(record, done, key, {*known, *(also if len(done) < 2 else ())})
            raise ConfigError(f"{option}: unknown key {brief(key)}; {near}")
        hint = known[key]
        done.append(key)


def _nearest(record: type, done: list[str], key: str, known: set[str]) -> str:
    """What somebody may have meant: a near name, that key elsewhere, an argument of the part."""
    ends = {full: full.rpartition(".")[2] for full in paths(record)}
    if near := did_you_mean(key, known, otherwise=""):
        return near
    if elsewhere := [full for full, end in ends.items() if end == key][:MOST]:
        return f"did you mean {' or '.join(repr(full) for full in elsewhere)}?"
    if "arguments" in known:
        place = ".".join(done).removeprefix("recipe.")
        return f"what a part is built with is set as {f'{place}.arguments.{key}'!r}"
    return did_you_mean(key, known)


def paths(record: type) -> Iterator[str]:
    """All dotted paths to a record's values; as `--set` takes them, without `recipe.` before."""
    for name, hint in _fields(record).items():
        kinds, _ = _records(hint)
        before = "" if name == "recipe" else f"{name}."
        below = [f"{before}{path}" for kind in kinds for path in paths(kind)]
        yield from below or [name]


def _records(hint: Any) -> tuple[list[type], bool]:
    """The records that a value may be, and whether it may hold keys that no schema knows."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        found = [_records(inner) for inner in typing.get_args(hint)]
        return [kind for kinds, _ in found for kind in kinds], any(free for _, free in found)
    if dataclasses.is_dataclass(hint):
        return [typing.cast(type, hint)], False
    origin = typing.get_origin(hint) or hint
    free = hint is Any or (isinstance(origin, type) and issubclass(origin, Mapping | list | tuple))
    return [], free


@functools.cache
def _hints(record: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _fields(record: type) -> dict[str, Any]:
    """The keys of a record with their types."""
    hints = _hints(record)
    return {field.name: hints[field.name] for field in dataclasses.fields(record)}
