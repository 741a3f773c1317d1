"""Reading JSON strictly: unknown keys, wrong types and doubtful numbers are errors."""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
import types
import typing
from collections.abc import Hashable, Mapping
from pathlib import Path, PurePath
from typing import Any, TypeVar

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.files import read_plain

T = TypeVar("T")

#: Far above any honest config (the zoo's are 3 KB), far below what would hurt to parse.
MAX_JSON_BYTES = 4 * 1024 * 1024
#: Far above any honest config, far below the recursion limit.
MAX_DEPTH = 64
#: Whole numbers are counts and seeds; every JSON reader takes numbers in this range.
MAX_WHOLE = 2**64
LONGEST_KEY = 100


def parse_json(text: str | bytes, where: str) -> Any:
    """Parse JSON, refusing duplicate keys, NaN, infinities and deep nesting."""

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in pairs:
            if key in data:
                raise ConfigError(f"{where}: the key {brief(key)} is used twice; keep one")
            data[key] = value
        return data

    def no_constant(name: str) -> Any:
        raise ConfigError(f"{where}: {name} is not a number in JSON; write a finite one")

    def finite(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else no_constant(digits[:40])

    if len(text) > MAX_JSON_BYTES:
        raise ConfigError(f"{where}: {len(text):,} bytes, a config has at most {MAX_JSON_BYTES:,}")
    try:
        return _not_too_deep(
            json.loads(
                text,
                object_pairs_hook=no_duplicates,
                parse_constant=no_constant,
                parse_float=finite,
            )
        )
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply to be a config") from None
    except ConfigError:
        raise
    except ValueError as error:  # malformed JSON, undecodable text, integers of 5,000 digits
        raise ConfigError(f"{where}: not valid JSON: {str(error)[:200]}") from None


def read_json(path: Path) -> Any:
    """Read and parse a JSON file; `ConfigError` names the file and what is wrong."""
    return parse_json(read_text(path), str(path))


def read_text(path: Path) -> bytes:
    """The bytes of a JSON file; `ConfigError` if it cannot be read or is too large."""
    try:
        text = read_plain(path, MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(text) > MAX_JSON_BYTES:
        raise ConfigError(f"{path}: more than {MAX_JSON_BYTES:,} bytes; this is not a config")
    return text


def read_record(record: type[T], data: Any, where: str) -> T:
    """Make the dataclass `record` from parsed JSON; `where` is the place for errors."""
    fields = {field.name: field for field in dataclasses.fields(record)}  # type: ignore[arg-type]
    if not isinstance(data, Mapping):
        is_part = isinstance(data, str) and {"name", "arguments"} <= fields.keys()
        hint = f', such as {{"name": {json.dumps(data)}}}' if is_part else ""
        raise ConfigError(f"{where}: expected an object{hint}, found {_kind(data)}")
    for key in data:
        if key not in fields:
            near = did_you_mean(str(key)[:LONGEST_KEY], fields)
            raise ConfigError(f"{where}: unknown key {brief(key)}; {near}")
    hints = _hints(typing.cast(Hashable, record))
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _value(hints[name], data[name], _below(where, name))
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: the key {name!r} is missing")
    try:
        return record(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _below(where: str, key: str) -> str:
    """The place of a key: `config.json: recipe`, then `config.json: recipe.batch`."""
    return f"{where}.{key}" if ": " in where or not where else f"{where}: {key}"


def _step(key: str) -> str:
    """A key as part of a place; a stranger's may be long, or unprintable."""
    return key if len(key) <= LONGEST_KEY and key.isprintable() else brief(key)


def write_record(record: Any, where: str = "") -> Any:
    """Turn a dataclass into JSON data, from which `read_record` makes an equal record.

    Tuples become lists, paths text, members of enumerations their values. Anything else that JSON
    lacks is a `ConfigError` that names it.
    """
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        fields = (field.name for field in dataclasses.fields(record))
        return {name: write_record(getattr(record, name), _at(where, name)) for name in fields}
    if isinstance(record, Mapping):
        return {_key(k, where): write_record(v, _at(where, str(k))) for k, v in record.items()}
    if isinstance(record, list | tuple):
        return [write_record(value, f"{where}[{i}]") for i, value in enumerate(record)]
    if isinstance(record, enum.Enum):
        return write_record(record.value, where)
    if isinstance(record, PurePath):
        return str(record)
    if record is None or isinstance(record, str | int | float):
        return record
    raise ConfigError(
        f"{where or 'it'} is a {type(record).__name__}, which config.json cannot hold; give text, "
        "numbers, true or false, lists or objects of them"
    )


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _key(key: Any, where: str) -> str:
    """A key of an object, which must be text in JSON."""
    if not isinstance(key, str):
        raise ConfigError(f"{where or 'it'}: {key!r} is not text, and keys in config.json must be")
    return key


@functools.cache
def _hints(record: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _not_too_deep(data: Any, depth: int = MAX_DEPTH) -> Any:
    """The data; a `RecursionError` where lists and objects are nested more deeply.

    Lone surrogates, which JSON can spell and no file can hold, raise a `ValueError`.
    """
    if isinstance(data, str):
        data.encode()
    if isinstance(data, dict):
        "".join(data).encode()
    if isinstance(data, list | dict):
        if depth == 0:
            raise RecursionError
        for item in data.values() if isinstance(data, dict) else data:
            _not_too_deep(item, depth - 1)
    return data


def _value(hint: Any, data: Any, where: str) -> Any:
    """Check one value against its annotation and convert it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in inner:
            return None
        (hint,) = (kind for kind in inner if kind is not type(None))
        return _value(hint, data, where)
    if dataclasses.is_dataclass(hint):
        return read_record(typing.cast(type, hint), data, where)
    if origin is tuple:
        if not isinstance(data, list | tuple):
            raise ConfigError(f"{where}: expected a list, found {_kind(data)}")
        return tuple(_value(inner[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise ConfigError(f"{where}: expected an object, found {_kind(data)}")
        return {key: _value(inner[1], item, f"{where}.{_step(key)}") for key, item in data.items()}
    return _scalar(hint, data, where)


def _scalar(hint: type, data: Any, where: str) -> Any:
    """Check a string, number or truth value; true is not 1 here."""
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        try:
            return float(data)
        except OverflowError:
            raise ConfigError(f"{where}: {_kind(data)} is too big for a number") from None
    if isinstance(data, hint) and (hint is bool or not isinstance(data, bool)):
        if isinstance(data, int) and not -MAX_WHOLE < data < MAX_WHOLE:
            raise ConfigError(f"{where}: {_kind(data)} is too big for a whole number")
        return data
    expected = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[hint]
    raise ConfigError(f"{where}: expected {expected}, found {_kind(data)}")


def _kind(data: Any) -> str:
    """The kind of a JSON value, or the value itself."""
    names = {dict: "an object", list: "a list", type(None): "null"}
    if type(data) in names:
        return names[type(data)]
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."


def flatten(data: object, path: str = "") -> dict[str, object]:
    """Nested mappings as one with dotted paths as keys: `loss.arguments.r1_gamma`."""
    if not isinstance(data, dict):
        return {path: data}
    flat: dict[str, object] = {}
    for key, value in data.items():
        flat |= flatten(value, f"{path}.{key}" if path else key)
    return flat


def to_json(data: Any) -> str:
    """JSON as the zoo's files hold it: indented, in the given order, with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
