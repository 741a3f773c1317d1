"""Settings that override a model's config, and which of them apply where a part is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from ganzoo.errors import UnknownNameError
from ganzoo.plugins.registry import Registry
from ganzoo.specs import Optimizer, Part, merge, read_record, set_path, split_key, write_record

#: A full dotted path of config.json, and its value.
Setting: TypeAlias = tuple[str, Any]

LOSS = "recipe.loss"
#: The paths of plugins' parts, and the kind of each.
PARTS = {
    "generator": "generator",
    "discriminator": "discriminator",
    LOSS: "loss",
    "recipe.data": "dataset",
}


def overlaid(raw: Mapping[str, Any], settings: Iterable[Setting]) -> dict[str, Any]:
    """A raw config with settings applied in order."""
    raw = dict(raw)
    for path, value in settings:
        raw = set_path(raw, path, value)
    return raw


def changed(
    registry: Registry, base: Mapping[str, Any], settings: Sequence[Setting], label: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """A raw config with settings applied, and a note for each part that was replaced.

    Arguments belong to their part: where the user names another part, they are dropped. Where that
    is the loss, the recipe of the old loss is dropped too, and the recipe of the new one replaces
    the card's. The note lists what was dropped and added; `label` is the card's name.
    """
    below, replaced = without_arguments(registry, base, overlaid(base, settings))
    added: list[str] = []
    dropped: list[str] = []
    if LOSS in replaced:
        old = recipe_of(registry, at(base, LOSS))
        new = recipe_of(registry, at(overlaid(below, settings), LOSS))
        recipe = merge(without(below["recipe"], old), new)
        below = {**below, "recipe": recipe}
        # the user's optimizer may be another than the new loss's
        below, _ = without_arguments(registry, below, overlaid(below, settings))
        added = sorted(new.keys() - {path.removeprefix("recipe.") for path, _ in settings})
        dropped = sorted(old.keys() & base["recipe"].keys() - new.keys())
        dropped = [key for key in dropped if base["recipe"][key] != recipe.get(key)]
    raw = overlaid(below, settings)
    notes = (_note(place, base, raw, added, dropped, label) for place in replaced)
    return raw, [note for note in notes if note]


def _note(
    place: str,
    base: Mapping[str, Any],
    raw: Mapping[str, Any],
    added: Sequence[str],
    dropped: Sequence[str],
    label: str,
) -> str:
    """What one part's replacement changed, in words; empty where it changed nothing else."""
    old, new = at(base, place), at(raw, place)
    new_name, old_name = (bare(part.get("name", Optimizer.name)) for part in (new, old))
    gone = sorted(set(old.get("arguments") or {}) - set(new.get("arguments") or {}))
    effects = [f"{', '.join(gone)} left out"] if gone else []
    if place == LOSS:
        effects += [f"{', '.join(added)} as {new_name} requires"] if added else []
        effects += [f"{', '.join(dropped)} of {old_name} left out"] if dropped else []
        effects += [f"all else as in {label}"] if label else []
    kind = PARTS.get(place, place.removeprefix("recipe."))
    return f"{kind} {new_name} in place of {old_name}: {'; '.join(effects)}" if effects else ""


def without_arguments(
    registry: Registry, base: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """A config without the arguments of the parts that `wanted` renames, and those parts' paths."""
    replaced: list[str] = []

    def clear(below: Any, above: Any, path: str) -> Any:
        if not isinstance(below, Mapping) or not isinstance(above, Mapping):
            return below
        kept = {k: clear(v, above.get(k), f"{path}.{k}" if path else k) for k, v in below.items()}
        if path and is_renamed(registry, path, below, above):
            replaced.append(path)
            kept.pop("arguments", None)
        return kept

    config = clear(base, wanted, "")
    for place in replaced:
        config = _without_schedules(config, f"{place.removeprefix('recipe.')}.arguments.")
    return config, replaced


def _without_schedules(raw: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A config without the schedules of numbers whose path begins so."""
    schedules = at(raw, "recipe.schedules")
    if not isinstance(schedules, Mapping):
        return raw
    kept = {path: part for path, part in schedules.items() if not path.startswith(prefix)}
    return {**raw, "recipe": {**raw["recipe"], "schedules": kept}}


def is_renamed(registry: Registry, path: str, old: Any, new: Any) -> bool:
    """Whether the part or optimizer at a path has another name, bare names taken as qualified."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return False
    names = (part.get("name", Optimizer.name) for part in (old, new))
    first, second = (qualified(registry, path, name) for name in names)
    return bool(first != second)


def qualified(registry: Registry, path: str, name: Any) -> Any:
    """A part's name with its plugin's; unchanged where no plugin offers it."""
    if path in PARTS and isinstance(name, str):
        with suppress(UnknownNameError):  # raised again when the part is built
            return registry.find(PARTS[path], name).qualified
    return name


def recipe_of(registry: Registry, loss: Any) -> dict[str, Any]:
    """The recipe that a loss states; empty where the loss is not installed."""
    with suppress(UnknownNameError):
        part = read_record(Part, loss, "loss")
        offer = registry.find("loss", part.name)
        recipe = getattr(offer.resolve(), "recipe", None)
        if not isinstance(recipe, Mapping):  # a function that makes a loss
            recipe = offer.build(**part.arguments).recipe
        return dict(write_record(recipe))
    return {}


def without(recipe: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without the values that came from an old loss's.

    An optimizer that the old loss named is dropped completely: its rate suits no other.
    """
    kept = {}
    for key, value in recipe.items():
        came = old.get(key)
        if isinstance(value, Mapping) and isinstance(came, Mapping):
            name = value.get("name")
            if name is None or name != came.get("name") or name == Optimizer.name:
                kept[key] = without(value, came)
        elif key not in old or value != came:
            kept[key] = value
    return kept


def at(raw: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    keys = path.split(".")
    while keys:
        if not isinstance(raw, Mapping):
            return None
        key, keys = split_key(raw, keys)
        raw = raw.get(key)
    return raw


def bare(name: Any) -> str:
    """A part's name without its plugin's."""
    return str(name).rpartition("/")[2]
