"""Cached files: listed, verified and removed, safely while other processes use them.

They are models from the Hub, statistics of real samples, extractors' weights and packed folders of
images. All of them can be fetched or made again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ganzoo.cache.entry import CacheEntry
from ganzoo.cache.files import single_files
from ganzoo.cache.models import models
from ganzoo.cache.packs import packed
from ganzoo.errors import UnknownNameError, did_you_mean

__all__ = ["CacheEntry", "chosen", "entries"]


def entries() -> list[CacheEntry]:
    """Everything that ganzoo caches on this machine, by kind and name."""
    return sorted(
        [*models(), *single_files(), *packed()],
        key=lambda entry: (entry.kind, entry.name, str(entry.path)),
    )


def chosen(
    every: Iterable[CacheEntry], names: Sequence[str] = (), older_than: float | None = None
) -> list[CacheEntry]:
    """The entries to remove: the named ones, else useless ones and those unused for `older_than` s.

    A name is an entry's name or path, or a repository for all its commits. Raises an
    `UnknownNameError` for a name that no entry has.
    """
    every = list(every)
    names_of = {
        entry: {entry.name, entry.name.partition("@")[0], str(entry.path)} for entry in every
    }
    for name in names:
        if not any(name in own for own in names_of.values()):
            near = did_you_mean(name, (entry.name for entry in every))
            raise UnknownNameError(f"the cache has no entry {name!r}; {near}")
    if names:
        return [entry for entry, own in names_of.items() if own & {*names}]
    now = time.time()
    return [
        entry
        for entry in every
        if entry.useless or (older_than is not None and now - entry.used > older_than)
    ]
