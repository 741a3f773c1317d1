"""The data sets that a protocol measures against, each read once."""

from __future__ import annotations

import functools
import json

from ganzoo.data.splits import splits
from ganzoo.measure.plugin_figures import Splits
from ganzoo.specs import Part, write_record


@functools.lru_cache(maxsize=2)
def both_splits(data: str) -> Splits:
    """Training and test samples of a data set, by its `key_of`."""
    name, arguments = json.loads(data)
    return splits(Part(name, arguments))


def key_of(data: Part) -> str:
    """A data set as text, which caches can use as a key."""
    return json.dumps([data.name, write_record(data.arguments)], sort_keys=True)
