"""Records and dotted paths: reading and setting values, and suggesting the nearest for a typo."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, Self

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.specs.reading import flatten, read_record, write_record

#: The most suggestions.
MOST = 4


class Record:
    """A frozen dataclass that prints as `key = value` lines."""

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON data."""
        data: dict[str, Any] = write_record(self)
        return data

    def replace(self, changes: Mapping[str, Any] | None = None, /, **keys: Any) -> Self:
        """A copy with some values replaced: `replace({"loss.arguments.r1_gamma": 0.1}, batch=32)`.

        Raises `ConfigError` that names a key which is unknown, or a value that cannot be.
        """
        data = self.to_dict()
        for path, value in {**(changes or {}), **keys}.items():
            if path.partition(".")[0] not in data:
                near = did_you_mean(path, data)
                raise ConfigError(f"{type(self).__name__}: unknown key {brief(path)}; {near}")
            data = set_path(data, path, write_record(value))
        return read_record(type(self), data, type(self).__name__)

    def __str__(self) -> str:
        values = {key: value for key, value in flatten(self.to_dict()).items() if value != {}}
        width = max(map(len, values), default=0)
        return "\n".join(f"{key:<{width}} = {value!r}" for key, value in values.items())


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `over` into `base` key by key; a part with another name replaces all of the part."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if (
            isinstance(value, Mapping)
            and isinstance(below, Mapping)
            and value.get("name", below.get("name")) == below.get("name")
        ):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def set_path(data: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`data` with the value at a dotted path such as `optimizers.generator.lr` set.

    Keys that contain dots, such as a schedule's path or a group's pattern, are recognised. An
    augmentation that is `true` takes arguments.
    """
    keys = path.split(".")
    if not all(keys):
        raise ConfigError(f"--set {path}: a path is keys joined by dots, such as recipe.batch")

    def put(data: Mapping[str, Any], keys: list[str], above: str = "") -> dict[str, Any]:
        head, rest = split_key(data, keys)
        if not rest:
            return {**data, head: value}
        below = data.get(head, {})
        if isinstance(below, bool) and above in ("augmentation", "recipe.augmentation"):
            below = {}
        if not isinstance(below, Mapping):
            raise ConfigError(
                f"--set {path}: {head!r} holds {below!r}, a value without keys below it"
            )
        return {**data, head: put(below, rest, f"{above}.{head}" if above else head)}

    return put(data, keys)


def split_key(data: Mapping[str, Any], keys: list[str]) -> tuple[str, list[str]]:
    """The longest key of `data` that a dotted path begins with, and the rest of the path."""
    for count in range(len(keys), 1, -1):
        if (joined := ".".join(keys[:count])) in data:
            return joined, keys[count:]
    return keys[0], keys[1:]


def check_path(record: type, path: str, *, also: Iterable[str] = (), option: str = "") -> None:
    """Refuse a dotted path that is not a key of a record; `ConfigError` names the nearest.

    Keys below `arguments` and `extra`, and in lists, are free. `option` is what the user wrote,
    `also` are further keys that it may begin with.
    """
    hint: Any = record
    done: list[str] = []
    for key in path.split("."):
        kinds, free = _records(hint)
        if free:
            return
        known = {name: kind for kind in kinds for name, kind in _fields(kind).items()}
        if not known:
            raise ConfigError(f"{option}: {'.'.join(done)!r} is a value without keys below it")
        if key not in known:
            near = _nearest(record, done, key, {*known, *(also if len(done) < 2 else ())})
            raise ConfigError(f"{option}: unknown key {brief(key)}; {near}")
        hint = known[key]
        done.append(key)


def _nearest(record: type, done: list[str], key: str, known: set[str]) -> str:
    """What was probably meant: a near name, that key elsewhere, or an argument of the part."""
    ends = {full: full.rpartition(".")[2] for full in paths(record)}
    if near := did_you_mean(key, known, otherwise=""):
        return near
    if elsewhere := [full for full, end in ends.items() if end == key][:MOST]:
        return f"did you mean {' or '.join(repr(full) for full in elsewhere)}?"
    if "arguments" in known:
        place = ".".join(done).removeprefix("recipe.")
        return f"write {f'{place}.arguments.{key}'!r} for an argument of the part"
    return did_you_mean(key, known)


def paths(record: type) -> Iterator[str]:
    """All dotted paths to a record's values, as `--set` takes them: without a leading `recipe.`."""
    for name, hint in _fields(record).items():
        kinds, _ = _records(hint)
        before = "" if name == "recipe" else f"{name}."
        below = [f"{before}{path}" for kind in kinds for path in paths(kind)]
        yield from below or [name]


def _records(hint: Any) -> tuple[list[type], bool]:
    """The records that a value may be, and whether it may hold any keys."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = [_records(inner) for inner in typing.get_args(hint)]
        return [kind for kinds, _ in options for kind in kinds], any(free for _, free in options)
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
