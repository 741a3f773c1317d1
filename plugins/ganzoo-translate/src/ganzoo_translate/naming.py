"""Parts inside a data set's arguments: a name, or a name with arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ganzoo_translate.errors import TranslateError
from ganzoo_translate.transforms import TRANSFORMS, Transform

#: A name, `folder:PATH`, or {"name": ..., "arguments": {...}}.
Named: TypeAlias = str | Mapping[str, Any]


def name_and_arguments(what: str, given: Named) -> tuple[str, dict[str, Any]]:
    """A name and its arguments; `TranslateError` for anything else."""
    if isinstance(given, str) and given:
        kind, colon, path = given.partition(":")
        return (kind, {"path": path}) if colon else (given, {})
    if isinstance(given, Mapping) and not given.keys() - {"name", "arguments"}:
        name, arguments = given.get("name"), given.get("arguments", {})
        if isinstance(name, str) and name and isinstance(arguments, Mapping):
            return name, dict(arguments)
    raise TranslateError(
        f'{what} is a name, or {{"name": ..., "arguments": {{...}}}}, found {given!r}'
    )


def transform_named(given: Named) -> Transform:
    """A transform by name, with its arguments."""
    name, arguments = name_and_arguments("transform", given)
    if name not in TRANSFORMS:
        raise TranslateError(f"there is no transform {name!r}; there are {', '.join(TRANSFORMS)}")
    try:
        return TRANSFORMS[name](**arguments)
    except TypeError as error:
        raise TranslateError(f"the transform {name} cannot be built: {error}") from error
