"""What a command line asks to be trained: a card, a file or parts, with options laid over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.cards import catalogue
from ganzoo.errors import ConfigError, UsageError
from ganzoo.specs import ModelConfig, merge, parse_json, read_json, set_path

#: Where a --set path begins; anything else is a key of the recipe.
ROOTS = ("generator", "discriminator", "recipe", "name", "description", "licenses", "extra")
#: What a finished training writes into config.json, and a new one must not inherit.
RESULTS = ("files", "parameters", "metrics", "checks", "provenance", "fingerprint", "requires")
#: What is not true any more on other data.
OF_THE_DATA = ("name", "description", "licenses")


def asked(what: str | None, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The raw config that the command line asks for, and its name in errors."""
    raw, where = _base(what, options)
    recipe = _object(raw.get("recipe") or {}, f"{where}: recipe")
    _object(recipe.get("data") or {}, f"{where}: recipe.data", ', such as {"name": "mnist"}')
    if options["data"]:
        recipe = merge(recipe, {"data": data_part(options["data"], recipe)})
    if options["strict"]:
        recipe = merge(recipe, {"data": {"arguments": {"strict": True}}})
    for key in ("images", "seed", "batch"):
        if options[key] is not None:
            recipe[key] = options[key]
    raw = {**raw, "recipe": recipe}
    for text in options["settings"]:
        raw = setting(raw, text)
    return raw, f"{where} with --set" if options["settings"] else where


def default_folder(config: ModelConfig, what: str | None) -> Path:
    """runs/NAME, by the model's name, the recipe's file or the parts."""
    if what is not None and not config.name:
        return Path("runs") / Path(what).resolve().stem
    parts = (config.generator, config.recipe.data)
    return Path("runs") / (config.name or "-".join(p.name.rpartition("/")[2] for p in parts))


def _object(value: Any, where: str, hint: str = "") -> dict[str, Any]:
    """A JSON object, or a line that says where one was expected."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected an object{hint}, found {value!r}")
    return dict(value)


def _base(what: str | None, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    names = {key: options[key] for key in ("generator", "discriminator", "loss")}
    if what is None and options["init"] and not any(names.values()):
        what = options["init"]  # a model goes on with its own recipe
    if what is None:
        missing = [f"--{key}" for key in (*names, "data") if not options[key]]
        if missing:
            raise UsageError(
                f"nothing to train: give a name, a RECIPE.json, or the parts ({', '.join(missing)} "
                "not given); `ganzoo list` shows the names"
            )
        from ganzoo.engine.prepare import config_of

        return config_of(**names, data=options["data"]), "the command line"
    if given := [f"--{key}" for key, value in names.items() if value]:
        raise UsageError(
            f"{what} brings its own parts; leave out {', '.join(given)}, or leave out {what}"
        )
    path = Path(what)
    if path.suffix == ".json" and path.name != "config.json":
        raw = read_json(path)
        if not isinstance(raw, dict):
            raise ConfigError(f"{path}: expected an object, as config.json is one")
        return {key: value for key, value in raw.items() if key not in RESULTS}, str(path)
    card = catalogue().locate(what, weights=False)
    own_data = options["data"] in (None, card.require_config().recipe.data.name, card.data)
    left_out = RESULTS if own_data and not options["init"] else RESULTS + OF_THE_DATA
    fresh = {key: value for key, value in card.raw.items() if key not in left_out}
    return fresh, str(card.folder / "config.json")


def data_part(asked: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """The part that --data names; the recipe's own data set keeps its arguments."""
    kind, colon, path = asked.partition(":")
    if colon and kind == "folder":
        if not path:
            raise UsageError("--data folder: needs a path, such as folder:photos/")
        return {"name": "folder", "arguments": {"path": str(Path(path).expanduser().resolve())}}
    there = str((recipe.get("data") or {}).get("name", ""))
    return {"name": there if there.rpartition("/")[2] == asked else asked}


def setting(
    raw: dict[str, Any], text: str, roots: tuple[str, ...] = ROOTS, otherwise: str = "recipe"
) -> dict[str, Any]:
    """Lay KEY.PATH=VALUE over a raw config; a path of another root lies below `otherwise`."""
    path, equals, value = text.partition("=")
    if not equals:
        example = "recipe.batch=128" if otherwise == "recipe" else f"{otherwise}.width=32"
        raise UsageError(f"--set {text}: write KEY.PATH=VALUE, such as {example}")
    full = path if path.partition(".")[0] in roots else f"{otherwise}.{path}"
    try:
        return set_path(raw, full, parse_json(value, f"--set {path}"))
    except ConfigError:
        return set_path(raw, full, value)
