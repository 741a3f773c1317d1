"""Parts of one's own that no plugin offers: classes and objects, such as those of a notebook.

`local/NAME` stands for such a part in recipes and config.json. This process knows the parts that
were given to it; another one says which class it needs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ganzoo.errors import UnknownNameError, UsageError, brief
from ganzoo.plugins.registry import Offer

#: What stands where a plugin's name does.
LOCAL = "local"

_given: dict[tuple[str, str], Any] = {}


@dataclass(frozen=True)
class LocalOffer(Offer):
    """A class, or an object of which a training takes a copy; a data set is used as it is."""

    thing: Any = None

    def resolve(self) -> Any:
        """The class, or a function that returns the object."""
        thing = self.thing
        if is_factory(thing):
            return thing
        return lambda: thing if self.kind == "dataset" else copy.deepcopy(thing)


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


def offer(kind: str, name: str) -> Offer:
    """The part that was given; `UnknownNameError` says which class is needed."""
    _, _, bare = name.partition("/")
    try:
        return LocalOffer(kind, bare, LOCAL, name, _given[kind, bare])
    except KeyError:
        raise UnknownNameError(
            f"{kind} {brief(name)} is a class of its author's own, which no plugin offers; define "
            f"{brief(bare)} and pass it: ganzoo.train({kind}=...) or ganzoo.load(..., parts=[...])"
        ) from None


def is_local(name: str) -> bool:
    """Whether a qualified name stands for a part of one's own."""
    return name.startswith(f"{LOCAL}/")


def is_factory(thing: Any) -> bool:
    """Whether a part is built by calling it: a class or a function, not an object."""
    return isinstance(thing, type) or type(thing).__name__ == "function"
