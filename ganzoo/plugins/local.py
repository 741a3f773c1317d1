"""A caller's own parts, which no plugin offers: classes and objects, such as those of a notebook.

`local/NAME` names such a part in recipes and config.json. This process knows the parts that
were given to it; another one reports which class it needs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from ganzoo.errors import UnknownNameError, UsageError, brief

#: Used in place of a plugin's name.
LOCAL = "local"

#: Types of attributes that are settings.
PLAIN = (bool, int, float, str, tuple)

_given: dict[tuple[str, str], Any] = {}


def give(kind: str, thing: Any) -> dict[str, Any]:
    """Make a part known under its class's name; returns the part as JSON.

    `thing` is a class, `functools.partial` of a class, whose keywords are the part's arguments, or
    an object. Of several with one name the last one counts.
    """
    arguments: Mapping[str, Any] = {}
    if isinstance(thing, partial):
        if thing.args:
            raise UsageError(f"the {kind}'s partial has arguments without names; name them")
        thing, arguments = thing.func, thing.keywords
    name = name_of(thing)
    _given[kind, name] = thing
    return {"name": f"{LOCAL}/{name}", "arguments": dict(arguments)}


def name_of(thing: Any) -> str:
    """The name of a class or function, or of an object's class."""
    return str(thing.__name__) if is_factory(thing) else type(thing).__name__


def factory_of(kind: str, name: str) -> Callable[..., Any]:
    """What builds the part that was given; `UnknownNameError` names the class that is needed.

    A class builds itself. An object is copied each time, except for a data set, which is used
    directly.
    """
    _, _, bare = name.partition("/")
    if (kind, bare) not in _given:
        raise UnknownNameError(
            f"{kind} {brief(name)} is a class of its author's own, which no plugin offers; define "
            f"{brief(bare)} and pass it: ganzoo.train({kind}=...) or ganzoo.load(..., parts=[...])"
        )
    thing = _given[kind, bare]
    if is_factory(thing):
        return cast("Callable[..., Any]", thing)
    return lambda: thing if kind == "dataset" else copy.deepcopy(thing)


def is_local(name: str) -> bool:
    """Whether a qualified name refers to such a part."""
    return name.startswith(f"{LOCAL}/")


def is_factory(thing: Any) -> bool:
    """Whether a part is built by calling it: a class or a function, not an object."""
    return isinstance(thing, type) or type(thing).__name__ == "function"


def digest(kind: str, name: str) -> str:
    """A hash of a part that was given: its class's code, and an object's settings and shapes."""
    import hashlib
    import inspect

    thing = _given[kind, name.partition("/")[2]]
    cls = thing if is_factory(thing) else type(thing)
    try:
        described = [inspect.getsource(cls)]
    except (OSError, TypeError):
        described = [f"{cls.__module__}.{cls.__qualname__}"]  # typed into a plain interpreter
    if not is_factory(thing):
        described += [f"{k}={v!r}" for k, v in sorted(vars(thing).items()) if isinstance(v, PLAIN)]
        state: dict[str, Any] = getattr(thing, "state_dict", dict)()
        described += [f"{key}: {list(getattr(value, 'shape', ()))}" for key, value in state.items()]
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
