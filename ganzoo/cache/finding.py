"""All that is kept, and which of it to remove."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ganzoo.cache.entry import CacheEntry
from ganzoo.cache.files import single_files
from ganzoo.cache.models import models
from ganzoo.cache.packs import packed
from ganzoo.errors import UnknownNameError, did_you_mean


def entries() -> list[CacheEntry]:
    """All that ganzoo keeps on this machine, by kind and name."""
    found = [*models(), *single_files(), *packed()]
    return sorted(found, key=lambda entry: (entry.kind, entry.name, str(entry.path)))


def chosen(
    found: Iterable[CacheEntry], names: Sequence[str] = (), older_than: float | None = None
) -> list[CacheEntry]:
    """What to remove: the named; without names what is of no use, or unused for `older_than` s.

    A name is an entry's, its path, or a repository's for all its commits. Raises
    `UnknownNameError` for one that nothing has.
    """
    found = list(found)
    names_of = {
        entry: {entry.name, entry.name.partition("@")[0], str(entry.path)} for entry in found
    }
    for name in names:
        if not any(name in own for own in names_of.values()):
            near = did_you_mean(name, (entry.name for entry in found))
            raise UnknownNameError(f"nothing is kept as {name!r}; {near}")
    if names:
        return [entry for entry, own in names_of.items() if own & {*names}]
    now = time.time()
    return [
        entry
        for entry in found
        if entry.useless or (older_than is not None and now - entry.used > older_than)
    ]
