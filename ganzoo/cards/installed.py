"""The current catalogue, and its models as Python shows them before loading."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator
from pathlib import Path

from ganzoo.cards.card import Card
from ganzoo.cards.catalogue import Catalogue
from ganzoo.cards.index import Index
from ganzoo.plugins.manager import PluginManager, warn

#: Enough of a plugin's problem for one line on stderr.
LONGEST_PROBLEM = 160


def catalogue() -> Catalogue:
    """The current catalogue: the one given to `using`, else that of the installed plugins.

    Commands and `ganzoo.load` ask for it and hand it on.
    """
    return _given.get() or _installed()


@contextlib.contextmanager
def using(given: Catalogue) -> Iterator[Catalogue]:
    """Make `given` the current catalogue inside a `with` block, as tests do."""
    token = _given.set(given)
    try:
        yield given
    finally:
        _given.reset(token)


_given: contextvars.ContextVar[Catalogue | None] = contextvars.ContextVar("ganzoo", default=None)


@functools.cache
def _installed() -> Catalogue:
    """The installed plugins' catalogue; each plugin's first problem is one line on stderr, once."""
    import platformdirs

    index = Index(platformdirs.user_cache_path("ganzoo") / "cards.json")
    zoo = Catalogue(PluginManager(), index)
    _ = zoo.cards  # reading them may report problems too
    index.save()
    broken = {plugin.distribution: problem for plugin, problem in reversed(zoo.manager.problems)}
    for distribution, problem in reversed(broken.items()):
        if len(problem) > LONGEST_PROBLEM:
            problem = f"{problem[: LONGEST_PROBLEM - 4]} ..."
        warn(f"plugin {distribution}: {problem} (ganzoo plugins shows all)")
    return zoo


def list_models(
    pattern: str | None = None, *, family: str | None = None, data: str | None = None
) -> list[str]:
    """Names of the models, sorted; by a shell pattern or part of a name, family, data set."""
    from ganzoo.arguments import optional_text

    pattern = optional_text("pattern", pattern)
    family, data = optional_text("family", family), optional_text("data", data)
    zoo = catalogue()
    return sorted(map(zoo.name_of, zoo.select(pattern, family=family, data=data)))


def card(what: str | Path) -> Card:
    """The card of a model: a name, a folder, a run; `GanzooError` where there is none."""
    from ganzoo.arguments import model_of

    return catalogue().locate(model_of(what))
