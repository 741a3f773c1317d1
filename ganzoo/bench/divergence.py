"""Whether a training came to its end with weights that are no numbers, and since when."""

from __future__ import annotations

import json
from pathlib import Path

from ganzoo.engine.health import all_finite
from ganzoo.engine.prepare import hash_of
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.specs import ModelConfig, read_config


def diverged_at(config: ModelConfig, folder: Path) -> int | None:
    """Images at the first row of figures with one that was not finite; None if nothing diverged.

    The engine exports no average whose weights are not finite when all images are done. That is
    told apart here from whatever else may keep a training from going on.
    """
    written = folder / "config.json"
    if not written.is_file() or hash_of(read_config(written)[0]) != hash_of(config):
        return None  # another recipe's run
    found = last_good(folder / "checkpoints")
    if found is None or int(found.folder.name) < config.recipe.images:
        return None
    if all_finite(found.owned_by("average").values()):
        return None
    return min([*ruined_rows(folder / "metrics.jsonl"), int(found.folder.name)])


def ruined_rows(metrics: Path) -> list[int]:
    """Images of the rows that hold a null, as the engine writes what is not finite."""
    if not metrics.is_file():
        return []
    rows = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
    return [int(row["images"]) for row in rows if None in row.values()]
