"""What a training is called that was derived from a model: not what the model is called."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.cards.overrides import PARTS, Setting, at, bare, changed, qualified
from ganzoo.errors import ConfigError, brief
from ganzoo.specs import ModelConfig, read_record, write_record
from ganzoo.specs.reading import flatten

#: What changes neither the networks nor the game: another seed, and stopping at a broken image.
SAME_KIND = ("recipe.seed", "recipe.data.arguments.strict")
IMAGES = "recipe.images"
#: What is compared of a config.json.
RECIPE = ("generator", "discriminator", "recipe")
#: What is told of a model, and is not true of one that differs from it.
TOLD = ("name", "description", "licenses")
#: Changes that are told one by one, and characters of one value.
MOST, LONGEST = 6, 40
LONGEST_SLUG = 80


def derived(
    base: Mapping[str, Any], settings: Sequence[Setting], label: str = "", begun: str = ""
) -> tuple[dict[str, Any], list[str], str]:
    """The raw config of a training that changes a model's: (config, what to say, its short name).

    `label` is the model's name, `begun` the one whose weights it begins with. Where anything else
    than the seed and the number of images differs, the name goes, and the description says what the
    training was derived from; another number of images is said too. The short name is empty where
    the model's own will do.
    """
    raw, notes = changed(base, settings, label)
    if not label:
        return raw, notes, ""
    given = {path.partition(".")[0] for path, _ in settings}
    found = differences(base, raw)
    words = _words(found, settings, raw)
    start = f"from {'its weights' if begun == label else f'the weights of {begun}'}"
    starts = [start] if begun else []
    images = at(raw, IMAGES) if IMAGES in found else None
    shown = [f"{images:,} images"] if isinstance(images, int) else []
    if words or starts:
        raw = {key: value for key, value in raw.items() if key in given or key not in TOLD}
        if base.get("licenses") and not begun and not _other_parts(found):
            raw.setdefault("licenses", base["licenses"])
        told = ", ".join([f"{label} with {', '.join(words)}" if words else label, *starts, *shown])
        raw.setdefault("description", told)
        return raw, notes, "" if "name" in given else _slug([label, *words, *starts])
    if shown and "description" not in given:
        raw["description"] = _with_images(base, label, shown[0])
    return raw, notes, ""


def _with_images(base: Mapping[str, Any], label: str, images: str) -> str:
    """A model's description with another number of images; empty where nobody described it."""
    if told := str(base.get("description") or ""):
        return f"{re.sub(r'; [0-9,]+ images$', '', told)}; {images}"
    return f"{label} with {images}" if base.get("name") else ""


def differences(
    base: Mapping[str, Any], raw: Mapping[str, Any]
) -> dict[str, tuple[object, object]]:
    """The keys of networks and recipe in which two raw configs differ; None where one lacks it."""
    first, second = _flat(base), _flat(raw)
    pairs = {key: (first.get(key), second.get(key)) for key in sorted({*first, *second})}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _flat(raw: Mapping[str, Any]) -> dict[str, object]:
    """Networks and recipe by dotted paths, with what is at its default; as it stands if unread."""
    try:
        read: Mapping[str, Any] = write_record(read_record(ModelConfig, raw, "it"))
    except ConfigError:  # which is told when it is resolved
        read = raw
    flat = flatten({key: value for key, value in read.items() if key in RECIPE})
    names = {f"{place}.name": place for place in PARTS}
    return {key: qualified(names.get(key, ""), value) for key, value in flat.items()}


def _words(
    found: Mapping[str, tuple[object, object]], settings: Sequence[Setting], raw: Mapping[str, Any]
) -> list[str]:
    """What the user changed, parts first; what followed from it goes without saying."""
    others = [place for place in PARTS if f"{place}.name" in found]
    words = [
        f"{place.removeprefix('recipe.')} {bare(found[f'{place}.name'][1])}{_given(at(raw, place))}"
        for place in others
    ]
    below = tuple(f"{place}." for place in others)
    for key, (_, new) in found.items():
        if key in (*SAME_KIND, IMAGES) or key.startswith(below) or not _asked(key, settings):
            continue
        short = key.removeprefix("recipe.").replace(".arguments.", " ")
        words.append(f"{short} left out" if new is None else f"{short} {_value(new)}")
    more = len(words) - MOST
    return words if more <= 0 else [*words[:MOST], f"{more} other change{'s' if more > 1 else ''}"]


def _asked(key: str, settings: Sequence[Setting]) -> bool:
    """Whether a setting is of this key, or above or below it."""
    return any(f"{key}.".startswith(f"{p}.") or f"{p}.".startswith(f"{key}.") for p, _ in settings)


def _other_parts(found: Mapping[str, tuple[object, object]]) -> set[str]:
    """The kinds of parts that are others than the model's, but for the loss: it has no licence."""
    data = {"dataset" for key in found if key.startswith("recipe.data.") and key not in SAME_KIND}
    return data | {who for who in ("generator", "discriminator") if f"{who}.name" in found}


def _given(part: Any) -> str:
    """What a part was given, in brackets; nothing of what is no part, which is told when read."""
    given = at(part, "arguments")
    given = given if isinstance(given, Mapping) else {}
    told = [
        _value(value) if _is_path(value) else f"{key} {_value(value)}"
        for key, value in given.items()
    ]
    return f" ({', '.join(told)})" if told else ""


def _is_path(value: object) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value)


def _value(value: object) -> str:
    """A value in few characters; of a path only its end."""
    if isinstance(value, str):
        text = re.split(r"[/\\]", value.rstrip("/\\"))[-1]
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
    text = json.dumps(write_record(value))
    return text if len(text) <= LONGEST else brief(value, LONGEST)


def _slug(words: Sequence[str]) -> str:
    """A folder's name made of words."""
    text = re.sub(r"[^a-z0-9.]+", "-", " ".join(words).lower()).strip("-.")
    if len(text) <= LONGEST_SLUG:
        return text
    return f"{text[:LONGEST_SLUG].rstrip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
