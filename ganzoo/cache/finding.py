"""All that is kept, and which of it to remove."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ganzoo.cache.entry import Entry
from ganzoo.cache.files import single_files
from ganzoo.cache.models import models
from ganzoo.cache.packs import packed
from ganzoo.errors import UnknownNameError, did_you_mean


def entries() -> list[Entry]:
    """All that ganzoo keeps on this machine, by kind and name."""
    found = [*models(), *single_files(), *packed()]
    return sorted(found, key=lambda entry: (entry.kind, entry.name, str(entry.path)))


def chosen(
    found: Iterable[Entry], names: Sequence[str] = (), older_than: float | None = None
) -> list[Entry]:
    """What to remove: the named; without names what is of no use, or unused for `older_than` s.

    Raises `UnknownNameError` for a name that nothing has.
    """
    found = list(found)
    known = {entry.name for entry in found} | {str(entry.path) for entry in found}
    for name in names:
        if name not in known:
            raise UnknownNameError(f"nothing is kept as {name!r}; {did_you_mean(name, known)}")
    if names:
        return [entry for entry in found if {entry.name, str(entry.path)} & {*names}]
    now = time.time()
    return [
        entry
        for entry in found
        if entry.useless or (older_than is not None and now - entry.used > older_than)
    ]
