"""Which catalogue is in force: the installed plugins', or one that was given for a while."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import logging
from collections.abc import Iterator

from ganzoo.cards.catalogue import Catalogue
from ganzoo.cards.summary import Index
from ganzoo.plugins import PluginManager

log = logging.getLogger("ganzoo")


def catalogue() -> Catalogue:
    """The catalogue in force: the one given to `using`, else that of the installed plugins."""
    return _given.get() or _installed()


@contextlib.contextmanager
def using(given: Catalogue) -> Iterator[Catalogue]:
    """Make `given` the catalogue in force inside a `with` block."""
    token = _given.set(given)
    try:
        yield given
    finally:
        _given.reset(token)


_given: contextvars.ContextVar[Catalogue | None] = contextvars.ContextVar("ganzoo", default=None)


@functools.cache
def _installed() -> Catalogue:
    """The installed plugins' catalogue; each problem is one line on stderr, once."""
    import platformdirs  # here, since nobody else needs it to say --help

    index = Index(platformdirs.user_cache_path("ganzoo") / "cards.json")
    found = Catalogue(PluginManager(), index)
    _ = found.cards  # reading them may find problems too
    index.save()
    for plugin in found.manager.plugins.values():
        if plugin.problems:
            first = plugin.problems[0]
            first = first if len(first) <= 160 else f"{first[:156]} ..."
            log.warning("plugin %s: %s (ganzoo plugins shows all)", plugin.distribution, first)
    return found
