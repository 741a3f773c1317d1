"""A run's folder: whether it belongs to a recipe, can be written, and holds a finished run."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from ganzoo.cards.card import RUN_LOCK
from ganzoo.engine.config import hash_of
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError
from ganzoo.files import acquired, nearest_existing, write_text
from ganzoo.specs import (
    ModelConfig,
    networks_and_recipe,
    read_config,
    read_seeds,
    seed_folder,
    write_record,
)
from ganzoo.specs.reading import flatten, to_json

log = logging.getLogger("ganzoo")

#: Seconds to wait for whoever merely asks whether a run is running, which takes the lock briefly.
LOCK_SECONDS = 0.3


def finished_export(config: ModelConfig, folder: Path) -> Path | None:
    """The export of a finished run of this recipe in a folder, if there is one."""
    path = folder / "export"
    if not (path / "config.json").is_file():
        return None
    done, _ = read_config(path / "config.json")
    same = hash_of(done) == hash_of(config)
    if same and done.recipe.images > config.recipe.images:
        raise TrainingError(
            f"{folder} is finished with {done.recipe.images:,} images; images can be raised, not "
            f"lowered to {config.recipe.images:,}"
        )
    return path if same and done.recipe.images == config.recipe.images else None


def known_run(folder: Path) -> ModelConfig | None:
    """The recipe of the run in a folder, or of its first seed; None without a run."""
    seeds = read_seeds(folder)
    path = (seed_folder(folder, seeds.seeds[0]) if seeds else folder) / "config.json"
    return read_config(path)[0] if path.is_file() else None


def check_folder(config: ModelConfig, folder: Path) -> None:
    """Refuse a folder that holds a run of another recipe or other files, or cannot be written."""
    path = folder / "config.json"
    if path.is_file():
        there, _ = read_config(path)
        if hash_of(there) != hash_of(config):
            raise TrainingError(
                f"{folder} holds a run of another recipe: {difference(there, config)}; "
                "give another --out, or the recipe that it was started with"
            )
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise TrainingError(f"{folder} is not empty and contains no run; give another --out")
    check_writable(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other trainings; the lock ends with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(
        sqlite3.connect(folder / RUN_LOCK, timeout=LOCK_SECONDS, isolation_level=None)
    ) as lock:
        try:
            free = acquired(lock)
        except sqlite3.OperationalError as error:
            log.warning(
                "%s cannot be locked (%s); start only one training there at a time", folder, error
            )
            free = True
        if not free:
            raise TrainingError(
                f"another process is training in {folder}; wait for it, or give another --out"
            )
        yield


def check_writable(folder: Path) -> None:
    """Refuse a folder in which, or above which, nothing can be written."""
    place = nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise TrainingError(
            f"{folder} cannot be written ({place}: {reason}); give another --out"
        ) from None


def check_space(state: TrainingState, folder: Path, keep: int) -> None:
    """Refuse a disk without room for the checkpoints to come and an export."""
    each = sum(tensor.nbytes for tensor in state.tensors().values())
    parameters = sum(parameter.nbytes for parameter in state.generator.parameters())
    optimizers = 2 * (parameters + sum(p.nbytes for p in state.discriminator.parameters()))
    needed = (keep + 1) * (each + optimizers) + each
    free = shutil.disk_usage(nearest_existing(folder)).free
    if free < needed:
        raise TrainingError(
            f"{folder}: checkpoints and the export need about {needed / 1e6:,.0f} MB, "
            f"{free / 1e6:,.0f} MB are free there; make room, or give another --out"
        )


def write_recipe(config: ModelConfig, folder: Path) -> None:
    """Write the recipe into the run's folder, from which it can be trained again."""
    recipe = replace(config, files={}, provenance=None)
    write_text(folder / "config.json", to_json(write_record(recipe)))


def unequal(one: ModelConfig, other: ModelConfig) -> dict[str, tuple[object, object]]:
    """The keys in which two recipes differ, sorted, with the values of both; None where absent."""
    first, second = (flatten(networks_and_recipe(config)) for config in (one, other))
    pairs = {key: (first.get(key), second.get(key)) for key in sorted(first.keys() | second.keys())}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def difference(there: ModelConfig, asked: ModelConfig) -> str:
    """The first key in which two recipes differ, with both values."""
    for key, (old, new) in unequal(there, asked).items():
        if key != "recipe.images":
            return f"{key} is {old!r} there, {new!r} was requested"
    if there.recipe.images != asked.recipe.images:
        return (
            f"recipe.images is {there.recipe.images:,} there, {asked.recipe.images:,} was "
            "requested, and a schedule depends on it (set the schedule's own `images` in a new run)"
        )
    return "they differ"
