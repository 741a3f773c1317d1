"""What to train: a card, a file or parts, changed by options."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.cards import Catalogue
from ganzoo.cards.derived_name import derived, differences
from ganzoo.cards.overrides import PARTS, Setting, at, bare
from ganzoo.errors import ConfigError, UnknownNameError, UsageError
from ganzoo.own_pictures import (
    UNTRAINED,
    are_few,
    is_asked,
    own_pictures,
    run_name,
    with_channels,
)
from ganzoo.plugins import CORE
from ganzoo.run_folders import is_run
from ganzoo.specs import (
    ModelConfig,
    Part,
    merge,
    parse_json,
    read_json,
    set_path,
    write_record,
)
from ganzoo.specs.keys import check_path

#: Where a --set path begins; anything else is a key of the recipe.
ROOTS = ("generator", "discriminator", "recipe", "name", "description", "licenses", "extra")
#: What a finished training writes into config.json, and a new one must not inherit.
RESULTS = (
    *("files", "parameters", "metrics", "checks", "provenance", "fingerprint", "requires"),
    *("class_shares", "class_names", "condition_names", "legend"),
)


@dataclass(frozen=True)
class Asked:
    """What to train.

    `raw` is the config, `where` its name in errors, `folder` the run's where none is given. `notes`
    explain which settings took precedence. With `fill`, the data set determines what the parts
    leave open; a trained model leaves nothing open. `init` is the WHAT whose weights are the first.
    `own_pictures` says that nothing but a folder was given, and `likes_trained` that a few pictures
    begin with a model of the zoo that has their networks.
    """

    raw: dict[str, Any]
    where: str
    folder: Path
    notes: tuple[str, ...] = ()
    fill: bool = True
    init: str | None = None
    own_pictures: bool = False
    likes_trained: bool = False


@dataclass(frozen=True)
class Base:
    """What options change: a model's config, a file's, or the parts'; `label` names it.

    `run` is the folder of the run that was named, which goes on unless options change its recipe.
    """

    raw: dict[str, Any]
    where: str
    label: str = ""
    trained: bool = False
    own_pictures: bool = False
    run: Path | None = None


def asked(zoo: Catalogue, what: str | ModelConfig | None, options: dict[str, Any]) -> Asked:
    """What to train: a card, a file or parts, changed by options."""
    base = _base(zoo, what, options)
    init = None if options["init"] == UNTRAINED else options["init"]
    recipe = _object(base.raw.get("recipe") or {}, f"{base.where}: recipe")
    _object(recipe.get("data") or {}, f"{base.where}: recipe.data", ', such as {"name": "mnist"}')
    settings = [*_options(zoo, options, recipe, parts=not base.label)]
    for text in options["settings"]:
        path, value = parsed(text)
        check_path(ModelConfig, path, also=ROOTS, option=f"--set {text.partition('=')[0]}")
        settings.append((path, value))
    for key, value in options.get("values", {}).items():  # from Python
        path = full_path(key)
        check_path(ModelConfig, path, also=ROOTS, option=f"set: {key}")
        settings.append((path, value))
    begun = zoo.locate(init, weights=False).name if init else ""
    raw, notes, short = derived(zoo.registry, base.raw, settings, base.label, begun)
    where = f"{base.where} with --set" if options["settings"] else base.where
    parts = tuple(f"{place}." for place in PARTS)
    other = any(key.startswith(parts) for key in differences(zoo.registry, base.raw, raw))
    folder = Path("runs") / (short or _folder(raw, base.label))
    if base.run is not None and not settings and not init:
        folder = base.run
    if base.own_pictures:
        raw, folder = with_channels(raw), Path("runs") / run_name(raw)
    return Asked(
        raw,
        where,
        folder,
        tuple(notes),
        fill=other or not base.trained,
        init=init,
        own_pictures=base.own_pictures,
        likes_trained=base.own_pictures and are_few(base.raw) and options["init"] is None,
    )


def _options(
    zoo: Catalogue, options: dict[str, Any], recipe: dict[str, Any], *, parts: bool
) -> Iterator[Setting]:
    """The options that have a key of config.json each, as settings."""
    names = {"generator": "generator", "discriminator": "discriminator", "loss": "recipe.loss"}
    for option, place in names.items():
        if options[option] and not parts:
            yield f"{place}.name", options[option]
    if options["data"]:
        part = data_part(zoo, options["data"], recipe)
        yield "recipe.data.name", part["name"]
        for name, value in part.get("arguments", {}).items():
            yield f"recipe.data.arguments.{name}", value
    if options["strict"]:
        yield "recipe.data.arguments.strict", True
    for key in ("images", "seed", "batch"):
        if options[key] is not None:
            yield f"recipe.{key}", options[key]


def _folder(raw: dict[str, Any], label: str) -> str:
    """The name of a run's folder: the model's, the recipe file's, or the parts'."""
    if name := raw.get("name") or label:
        return str(name)
    return "-".join(bare(at(raw, f"{place}.name")) for place in ("generator", "recipe.data"))


def _object(value: Any, where: str, hint: str = "") -> dict[str, Any]:
    """A JSON object; `ConfigError` with its place for anything else."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected an object{hint}, found {value!r}")
    return dict(value)


def _base(zoo: Catalogue, what: str | ModelConfig | None, options: dict[str, Any]) -> Base:
    names = {key: options[key] for key in ("generator", "discriminator", "loss")}
    missing = [f"--{key}" for key in (*names, "data") if not options[key]]
    if what is None and options["init"] not in (None, UNTRAINED) and missing:
        what = options["init"]  # a model continues with its own recipe
    if what is None:
        if is_asked(what, options):
            path = data_part(zoo, options["data"], {})["arguments"]["path"]
            raw = own_pictures(zoo.registry, path)
            return Base(raw, "the recipe for pictures", own_pictures=True)
        if missing and options["data"]:
            data_part(zoo, options["data"], {})  # says first how a folder is given
        if missing:
            raise UsageError(
                f"nothing to train: give a name, a RECIPE.json, or the parts ({', '.join(missing)} "
                f"not given); {_names_for(zoo, options['data'])}"
            )
        from ganzoo.engine.config import config_of

        return Base(config_of(**names, data=options["data"]), "the command line")
    if isinstance(what, ModelConfig):
        kept = {key: value for key, value in what.to_dict().items() if key not in RESULTS}
        return Base(kept, "the config", what.name or "config", trained=bool(what.files))
    path = Path(what)
    if path.suffix == ".json" and path.name != "config.json":
        raw = read_json(path)
        if not isinstance(raw, dict):
            raise ConfigError(f"{path}: expected an object, as in config.json")
        kept = {key: value for key, value in raw.items() if key not in RESULTS}
        return Base(kept, str(path), str(kept.get("name") or path.resolve().stem))
    card = zoo.locate(what, weights=False)
    fresh = {key: value for key, value in card.raw.items() if key not in RESULTS}
    trained = card.status == "running" or bool(card.require_config().files)
    run = zoo.as_path(what)
    run = run if run is not None and is_run(run) else None
    return Base(fresh, str(card.folder / "config.json"), card.name, trained, run=run)


def _names_for(zoo: Catalogue, data: str | None) -> str:
    """Where names are found: the models of the plugin that offers such data, or the list."""
    offer = zoo.registry.find("dataset", data.partition(":")[0]) if data else None
    alike = [
        card.name
        for card in zoo.cards
        if offer is not None
        and offer.distribution != CORE
        and card.config is not None
        and card.config.recipe.data.name.startswith(f"{offer.distribution}/")
    ]
    if not alike:
        return "`ganzoo list` shows the names"
    return f"such data is trained with `ganzoo train {alike[0]} --data {shlex.quote(str(data))}`"


def data_part(zoo: Catalogue, asked: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """The part that --data names; the recipe's own data set keeps its arguments."""
    if part := read_from(zoo, asked, f"--data {asked}"):
        return part
    there = str((recipe.get("data") or {}).get("name", ""))
    if there.rpartition("/")[2] == asked:
        return {"name": there}
    _check_no_folder(zoo, asked)
    return {"name": asked}


def read_from(zoo: Catalogue, asked: str, said: str) -> dict[str, Any] | None:
    """The part that NAME:PATH stands for: a data set that takes a `path`; None for other text."""
    name, colon, path = asked.partition(":")
    if not colon:
        return None
    zoo.registry.find("dataset", name)
    if not path:
        example = "photos/" if bare(name) == "folder" else "PATH"
        raise UsageError(f"{said} needs a path, such as {name}:{example}")
    return {"name": name, "arguments": {"path": str(Path(path).expanduser().resolve())}}


def data_named(zoo: Catalogue, asked: str, own: Part | None) -> Part:
    """The data set that --data names; `own`, the model's, keeps its arguments."""
    below = {} if own is None else {"data": write_record(own)}
    merged = merge(below, {"data": data_part(zoo, asked, below)})["data"]
    return Part(merged["name"], merged.get("arguments", {}))


def _check_no_folder(zoo: Catalogue, asked: str) -> None:
    """Explain how to pass a folder, if --data is a folder's path and no data set's name."""
    try:
        zoo.registry.find("dataset", asked)
    except UnknownNameError:
        with suppress(OSError, RuntimeError, ValueError):  # no path at all
            if Path(asked).expanduser().is_dir():
                folder = shlex.quote(f"folder:{asked}")
                raise UsageError(
                    f"there is no data set {asked!r}, but a folder; pass --data {folder}"
                ) from None
        if asked.endswith(("/", "\\")) or asked.startswith((".", "/", "~")):
            raise UsageError(
                f"--data {asked}: there is no such folder, and a folder is passed as --data "
                "folder:PATH"
            ) from None


def parsed(text: str, roots: tuple[str, ...] = ROOTS, otherwise: str = "recipe") -> tuple[str, Any]:
    """The full path and the value of KEY.PATH=VALUE; other roots go below `otherwise`."""
    example = "recipe.batch=128" if otherwise == "recipe" else f"{otherwise}.width=32"
    path, value = key_and_value(text, f"KEY.PATH=VALUE, such as {example}")
    return full_path(path, roots, otherwise), value


def key_and_value(text: str, form: str) -> tuple[str, Any]:
    """The two sides of --set KEY=VALUE: the value as JSON, or else as text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: write {form}")
    try:
        return key, parse_json(value, f"--set {key}")
    except ConfigError:
        return key, value


def full_path(path: str, roots: tuple[str, ...] = ROOTS, otherwise: str = "recipe") -> str:
    """A key's path from the root of config.json; other roots go below `otherwise`."""
    return path if path.partition(".")[0] in roots else f"{otherwise}.{path}"


def setting(
    raw: dict[str, Any], text: str, roots: tuple[str, ...] = ROOTS, otherwise: str = "recipe"
) -> dict[str, Any]:
    """Apply KEY.PATH=VALUE to a raw config; other roots go below `otherwise`."""
    return set_path(raw, *parsed(text, roots, otherwise))
