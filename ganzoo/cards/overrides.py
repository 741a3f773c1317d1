"""Whose settings win where a model's parts are changed: the user's, the new loss's, the card's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from ganzoo.cards.installed import catalogue
from ganzoo.errors import UnknownNameError
from ganzoo.specs import Optimizer, Part, merge, read_record, set_path, split_key, write_record

#: A dotted path of config.json, in full, and its value.
Setting: TypeAlias = tuple[str, Any]

LOSS = "recipe.loss"
#: Where parts of plugins stand, and their kind.
PARTS = {
    "generator": "generator",
    "discriminator": "discriminator",
    LOSS: "loss",
    "recipe.data": "dataset",
}


def laid(raw: Mapping[str, Any], settings: Iterable[Setting]) -> dict[str, Any]:
    """A raw config with settings laid over it, one after the other."""
    raw = dict(raw)
    for path, value in settings:
        raw = set_path(raw, path, value)
    return raw


def changed(
    base: Mapping[str, Any], settings: Sequence[Setting], label: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """A raw config with settings laid over it, and a line for each part that another replaced.

    Arguments belong to the part they were given to: where the user names another, they go. Where it
    is the loss, so does what the old one asked for, and what the new one asks for stands above the
    card's own. The line says what went and what came; `label` is the card's name.
    """
    wished = laid(base, settings)
    below, replaced = cleared(base, wished)
    own: list[str] = []
    came: list[str] = []
    if LOSS in replaced:
        old, new = asked_by(at(base, LOSS)), asked_by(at(laid(below, settings), LOSS))
        recipe = merge(without(below["recipe"], old), new)
        below = {**below, "recipe": recipe}
        below, _ = cleared(below, laid(below, settings))  # the user's optimizer may be another
        own = sorted(new.keys() - {path.removeprefix("recipe.") for path, _ in settings})
        came = sorted(old.keys() & base["recipe"].keys() - new.keys())
        came = [key for key in came if base["recipe"][key] != recipe.get(key)]
    raw = laid(below, settings)
    notes = []
    for place in replaced:
        old_part, new_part = at(base, place), at(raw, place)
        gone = sorted(set(old_part.get("arguments") or {}) - set(new_part.get("arguments") or {}))
        said = [f"{', '.join(gone)} left out"] if gone else []
        if place == LOSS:
            said += [f"{', '.join(own)} as {bare(new_part['name'])} asks"] if own else []
            said += [f"{', '.join(came)} of {bare(old_part['name'])} left out"] if came else []
            said += [f"all else as in {label}"] if label else []
        if said:
            notes.append(f"{_change(place, old_part, new_part)}: {'; '.join(said)}")
    return raw, notes


def _change(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """That one part takes the place of another, in words."""
    names = [bare(part.get("name", Optimizer.name)) for part in (new, old)]
    return f"{PARTS.get(place, place.removeprefix('recipe.'))} {names[0]} in place of {names[1]}"


def cleared(base: Mapping[str, Any], wished: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A config without the arguments of what `wished` names otherwise, and where that stands."""
    replaced: list[str] = []

    def clear(below: Any, above: Any, path: str) -> Any:
        if not isinstance(below, Mapping) or not isinstance(above, Mapping):
            return below
        found = {k: clear(v, above.get(k), f"{path}.{k}" if path else k) for k, v in below.items()}
        if path and renamed(path, below, above):
            replaced.append(path)
            found.pop("arguments", None)
        return found

    found = clear(base, wished, "")
    for place in replaced:
        found = _without_schedules(found, f"{place.removeprefix('recipe.')}.arguments.")
    return found, replaced


def _without_schedules(raw: dict[str, Any], above: str) -> dict[str, Any]:
    """A config without the schedules of numbers below a path of the recipe."""
    schedules = at(raw, "recipe.schedules")
    if not isinstance(schedules, Mapping):
        return raw
    kept = {path: how for path, how in schedules.items() if not path.startswith(above)}
    return {**raw, "recipe": {**raw["recipe"], "schedules": kept}}


def renamed(path: str, old: Any, new: Any) -> bool:
    """Whether what stands at a path has another name than before, bare or qualified."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return False
    one, other = old.get("name", Optimizer.name), new.get("name", Optimizer.name)
    return bool(one != other and qualified(path, one) != qualified(path, other))


def qualified(path: str, name: Any) -> Any:
    """The part's name with its plugin's; as it stands where nobody offers it."""
    if path in PARTS and isinstance(name, str):
        with suppress(UnknownNameError):  # which is told when it is built
            return catalogue().registry.find(PARTS[path], name).qualified
    return name


def asked_by(loss: Any) -> dict[str, Any]:
    """What a loss asks for in a recipe; nothing of one that is not here."""
    with suppress(UnknownNameError):
        part = read_record(Part, loss, "loss")
        entry = catalogue().registry.find("loss", part.name)
        asks = getattr(entry.resolve(), "recipe", None)
        if not isinstance(asks, Mapping):  # a function that makes one
            asks = entry.build(**part.arguments).recipe
        return dict(write_record(asks))
    return {}


def without(recipe: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without the values that came from an old loss.

    An optimizer that the old loss named goes whole: its rate is no other's.
    """
    found = {}
    for key, value in recipe.items():
        came = old.get(key)
        if isinstance(value, Mapping) and isinstance(came, Mapping):
            name = value.get("name")
            if name is None or name != came.get("name") or name == Optimizer.name:
                found[key] = without(value, came)
        elif key not in old or value != came:
            found[key] = value
    return found


def at(raw: Any, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
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
