"""Checks of the arguments of public calls: each error says what was expected and found."""

from __future__ import annotations

import inspect
import math
import operator
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.errors import UsageError, brief

#: Seeds have 63 bits, which torch's generators, JSON and int64 all hold.
GREATEST_SEED = 2**63 - 1
_SHA256 = re.compile("[0-9a-f]{64}")
#: The words of an annotation that admits numbers and no text.
_NUMBERS = {"int", "float"}
_AROUND = {"bool", "None", "Optional", "Union", "list", "tuple", "Sequence", "Iterable"}


def described(value: object) -> str:
    """A value in words that distinguish text from numbers."""
    if isinstance(value, str):
        return f"the text {brief(value)}"
    if value is None or isinstance(value, bool | int | float):
        return brief(value)
    return f"a {type(value).__name__}"


def whole(name: str, value: object, *, least: int, most: int | None = None) -> int:
    """A whole number in a range, also numpy's and torch's; not text, a fraction or True."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None:
        raise UsageError(f"{name} must be a whole number, found {described(value)}")
    if number < least or (most is not None and number > most):
        upper = "2**63 - 1" if most == GREATEST_SEED else most
        span = f"{least} or more" if most is None else f"between {least} and {upper}"
        raise UsageError(f"{name} must be {span}, found {brief(number)}")
    return number


def finite(name: str, value: object, *, least: float) -> float:
    """A finite number in a range, also numpy's and torch's; not text or True."""
    if isinstance(value, bool | str) or not hasattr(type(value), "__float__"):
        raise UsageError(f"{name} must be a number, found {described(value)}")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):  # a tensor or an array of several
        raise UsageError(f"{name} must be a number, found {described(value)}") from None
    if not (number >= least and math.isfinite(number)):
        raise UsageError(f"{name} must be {least} or more, found {number}")
    return number


def seed_of(value: object) -> int:
    """A seed: a whole number from 0 with 63 bits."""
    return whole("seed", value, least=0, most=GREATEST_SEED)


def text_of(name: str, value: object) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name} must be text, found {described(value)}")
    return value


def optional_text(name: str, value: object) -> str | None:
    """Text, or None."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} must be text, found {described(value)}")
    return value


def model_of(what: object) -> str | Path:
    """A model as the user names it: a name or an address as text, or a path."""
    if isinstance(what, str):
        return what
    if isinstance(what, os.PathLike) and isinstance(path := os.fspath(what), str):
        return Path(path)
    raise UsageError(
        f"a model is a name, a folder, a run or hf-hub:owner/repo, as text or a Path; found "
        f"{described(what)}"
    )


def pinned_sha256(value: object) -> str | None:
    """A sha256 in lower case, or None."""
    given = optional_text("sha256", value)
    if given is not None and not _SHA256.fullmatch(given.lower()):
        raise UsageError(f"sha256 must be 64 hexadecimal digits, found {described(given)}")
    return None if given is None else given.lower()


def text_for_a_number(arguments: Mapping[str, Any], factory: Any) -> str | None:
    """The problem with an argument that is text where the annotation is a number, or None."""
    texts = {name: value for name, value in arguments.items() if isinstance(value, str)}
    hints = _annotations(factory) if texts else {}
    for name, value in texts.items():
        if name not in hints or not _is_numeric(hints[name]):
            continue
        advice = f"; give {name}={value.strip()}" if _reads_as_number(value) else ""
        return f"{name} must be a number, found {described(value)}{advice}"
    return None


def _annotations(factory: Any) -> dict[str, Any]:
    """The annotations of a class's `__init__` or of a function, evaluated where possible."""
    made_by = factory.__init__ if isinstance(factory, type) else factory  # type: ignore[misc]
    function = inspect.unwrap(made_by)
    for resolved in (True, False):  # some names exist for type checkers only
        with suppress(Exception):
            return inspect.get_annotations(function, eval_str=resolved)
    return {}


def _is_numeric(annotation: Any) -> bool:
    """Whether an annotation admits numbers and no text."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    words = set(re.findall(r"\w+", text)) - {"typing", "collections", "abc", "builtins"}
    return bool(words & _NUMBERS) and words <= _NUMBERS | _AROUND


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
