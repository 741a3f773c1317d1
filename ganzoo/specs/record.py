"""What the records of recipes and models have in common: keys that can be read and replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from ganzoo.errors import ConfigError, brief, did_you_mean
from ganzoo.specs.keys import set_path
from ganzoo.specs.reading import flatten, read_record, write_record


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
