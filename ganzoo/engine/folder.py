"""A run's folder: whose it is, and whether its run is finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ganzoo.engine.prepare import plain
from ganzoo.errors import TrainingError
from ganzoo.files import write_text
from ganzoo.specs import ModelConfig, read_config, recipe_hash, write_record
from ganzoo.specs.reading import to_json


def finished_export(config: ModelConfig, folder: Path) -> Path | None:
    """The export of a run of this recipe that has all its images, if it lies here."""
    path = folder / "export"
    if not (path / "config.json").is_file():
        return None
    done, _ = read_config(path / "config.json")
    same = recipe_hash(plain(done)) == recipe_hash(plain(config))
    if same and done.recipe.images > config.recipe.images:
        raise TrainingError(
            f"{folder} is finished with {done.recipe.images:,} images; images can be raised, not "
            f"lowered to {config.recipe.images:,}"
        )
    return path if same and done.recipe.images == config.recipe.images else None


def check_folder(config: ModelConfig, folder: Path) -> None:
    """Refuse a folder that holds another recipe's run, or something else."""
    path = folder / "config.json"
    if path.is_file():
        there, _ = read_config(path)
        if recipe_hash(plain(there)) != recipe_hash(plain(config)):
            raise TrainingError(
                f"{folder} holds a run of another recipe: {difference(there, config)}; "
                "give another --out, or the recipe that it was started with"
            )
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise TrainingError(f"{folder} is not empty and holds no run; give another --out")


def write_recipe(config: ModelConfig, folder: Path) -> None:
    """Write the recipe into the run's folder, from where it can be trained again."""
    recipe = replace(config, files={}, provenance=None)
    write_text(folder / "config.json", to_json(write_record(recipe)))


def difference(there: ModelConfig, asked: ModelConfig) -> str:
    """The first key in which two recipes differ, with both values."""
    old, new = flatten(plain(there)), flatten(plain(asked))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key) and key != "recipe.images":
            return f"{key} is {old.get(key)!r} there, {new.get(key)!r} was asked for"
    return "they differ"


def flatten(data: object, path: str = "") -> dict[str, object]:
    """Nested mappings as one, keyed by dotted paths."""
    if not isinstance(data, dict):
        return {path: data}
    found: dict[str, object] = {}
    for key, value in data.items():
        found |= flatten(value, f"{path}.{key}" if path else key)
    return found
