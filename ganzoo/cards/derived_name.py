"""The description and the short name of a training that was derived from a model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.cards.overrides import PARTS, Setting, at, bare, changed, qualified
from ganzoo.errors import ConfigError, brief
from ganzoo.plugins.registry import Registry
from ganzoo.specs import ModelConfig, read_record, write_record
from ganzoo.specs.reading import flatten

#: Changes that leave networks and game as they are: the seed, and stopping at a broken image.
SAME_KIND = ("recipe.seed", "recipe.data.arguments.strict")
IMAGES = "recipe.images"
#: The keys of a config.json that are compared.
COMPARED = ("generator", "discriminator", "recipe")
#: Keys that describe a model, and do not describe one that differs from it.
DESCRIPTIVE = ("name", "description", "licenses")
#: Changes that are named one by one, and characters of one value.
MOST, LONGEST = 6, 40
LONGEST_SLUG = 80


def derived(
    registry: Registry,
    base: Mapping[str, Any],
    settings: Sequence[Setting],
    label: str = "",
    begun: str = "",
) -> tuple[dict[str, Any], list[str], str]:
    """The config of a training that changes a model's: (raw config, notes, short name).

    `label` is the model's name, `begun` names the model whose weights it starts with. Where
    anything but the seed and the number of images differs, the name is dropped and the description
    states what the training was derived from. The short name is empty where the model's own fits.
    """
    raw, notes = changed(registry, base, settings, label)
    if not label:
        return raw, notes, ""
    given = {path.partition(".")[0] for path, _ in settings}
    pairs = differences(registry, base, raw)
    words = _words(pairs, settings, raw)
    start = [f"from {'its weights' if begun == label else f'the weights of {begun}'}"]
    start = start if begun else []
    images = at(raw, IMAGES) if IMAGES in pairs else None
    budget = [f"{images:,} images"] if isinstance(images, int) else []
    if words or start:
        raw = {key: value for key, value in raw.items() if key in given or key not in DESCRIPTIVE}
        if base.get("licenses") and not begun and not _other_parts(pairs):
            raw.setdefault("licenses", base["licenses"])
        first = f"{label} with {', '.join(words)}" if words else label
        raw.setdefault("description", ", ".join([first, *start, *budget]))
        return raw, notes, "" if "name" in given else _slug([label, *words, *start])
    if budget and "description" not in given:
        raw["description"] = _with_images(base, label, budget[0])
    return raw, notes, ""


def _with_images(base: Mapping[str, Any], label: str, images: str) -> str:
    """A model's description with another number of images; empty where it has none."""
    if described := str(base.get("description") or ""):
        return f"{re.sub(r'; [0-9,]+ images$', '', described)}; {images}"
    return f"{label} with {images}" if base.get("name") else ""


def differences(
    registry: Registry, base: Mapping[str, Any], raw: Mapping[str, Any]
) -> dict[str, tuple[object, object]]:
    """The keys of networks and recipe in which two raw configs differ, with both values."""
    first, second = _flat(registry, base), _flat(registry, raw)
    pairs = {key: (first.get(key), second.get(key)) for key in sorted({*first, *second})}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _flat(registry: Registry, raw: Mapping[str, Any]) -> dict[str, object]:
    """Networks and recipe by dotted paths, defaults filled in where the config is valid."""
    try:
        read: Mapping[str, Any] = write_record(read_record(ModelConfig, raw, "it"))
    except ConfigError:  # raised again when it is resolved
        read = raw
    flat = flatten({key: value for key, value in read.items() if key in COMPARED})
    names = {f"{place}.name": place for place in PARTS}
    return {key: qualified(registry, names.get(key, ""), value) for key, value in flat.items()}


def _words(
    pairs: Mapping[str, tuple[object, object]], settings: Sequence[Setting], raw: Mapping[str, Any]
) -> list[str]:
    """What the user changed, parts first, without what followed from it."""
    others = [place for place in PARTS if f"{place}.name" in pairs]
    words = [
        f"{place.removeprefix('recipe.')} {bare(pairs[f'{place}.name'][1])}{_given(at(raw, place))}"
        for place in others
    ]
    below = tuple(f"{place}." for place in others)
    for key, (_, new) in pairs.items():
        if key in (*SAME_KIND, IMAGES) or key.startswith(below) or not _asked(key, settings):
            continue
        short = key.removeprefix("recipe.").replace(".arguments.", " ")
        words.append(f"{short} left out" if new is None else f"{short} {_value(new)}")
    more = len(words) - MOST
    return words if more <= 0 else [*words[:MOST], f"{more} other change{'s' if more > 1 else ''}"]


def _asked(key: str, settings: Sequence[Setting]) -> bool:
    """Whether a setting names this key, or one above or below it."""
    return any(f"{key}.".startswith(f"{p}.") or f"{p}.".startswith(f"{key}.") for p, _ in settings)


def _other_parts(pairs: Mapping[str, tuple[object, object]]) -> set[str]:
    """The kinds of parts that differ from the model's. A loss does not count: it has no licence."""
    data = {"dataset" for key in pairs if key.startswith("recipe.data.") and key not in SAME_KIND}
    return data | {who for who in ("generator", "discriminator") if f"{who}.name" in pairs}


def _given(part: Any) -> str:
    """A part's arguments in brackets; empty where it has none."""
    arguments = at(part, "arguments")
    if not isinstance(arguments, Mapping) or not arguments:
        return ""
    words = (_value(v) if _is_path(v) else f"{k} {_value(v)}" for k, v in arguments.items())
    return f" ({', '.join(words)})"


def _is_path(value: object) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value)


def _value(value: object) -> str:
    """A value in few characters; a path by its last name."""
    if isinstance(value, str):
        text = re.split(r"[/\\]", value.rstrip("/\\"))[-1]
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
    text = json.dumps(write_record(value))
    return text if len(text) <= LONGEST else brief(value, LONGEST)


def _slug(words: Sequence[str]) -> str:
    """Words as the name of a folder."""
    text = re.sub(r"[^a-z0-9.]+", "-", " ".join(words).lower()).strip("-.")
    if len(text) <= LONGEST_SLUG:
        return text
    return f"{text[:LONGEST_SLUG].rstrip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
