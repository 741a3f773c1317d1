"""`ganzoo train`: train a model, or go on where a training stopped."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from ganzoo.cards import catalogue
from ganzoo.cli.completion import models
from ganzoo.errors import ConfigError, UsageError
from ganzoo.specs import merge, parse_json, read_json, set_path

#: Where a --set path begins; anything else is a key of the recipe.
ROOTS = ("generator", "discriminator", "recipe", "name", "description", "licenses", "extra")


@click.command("train")
@click.argument("what", shell_complete=models, required=False)
@click.option("--generator", help="Generator by name, in place of WHAT.")
@click.option("--discriminator", help="Discriminator by name.")
@click.option("--loss", help="Loss by name.")
@click.option("--data", help="Data set by name.")
@click.option("--images", type=click.IntRange(1), help="Real images to show the discriminator.")
@click.option("--seed", type=click.IntRange(0), help="Seed of everything that is drawn.")
@click.option("--batch", type=click.IntRange(1), help="Images in a turn.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Set a key of config.json, such as optimizers.generator.lr=0.001.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The run's folder.")
@click.option("--device", help="cpu, cuda, cuda:1 ...; the first GPU where there is one.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; torch's choice by default.")
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Seconds between checkpoints.",
)
@click.option(
    "--grid-every",
    type=click.IntRange(1),
    default=50_000,
    show_default=True,
    help="Images between grids of samples.",
)
@click.option(
    "--log-every",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Images between rows of metrics.jsonl.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def command(what: str | None, **options: Any) -> int:
    """Train WHAT (a model's name, a folder or RECIPE.json), or parts given by name.

    \b
    ganzoo train dcgan-mnist --out runs/dcgan
    ganzoo train --generator dcgan --discriminator dcgan --loss hinge --data mnist-mini \\
        --set generator.arguments.size=28 --set discriminator.arguments.size=28 --out runs/mine

    The same command again goes on where the training stopped. Ctrl-C saves first.
    """  # noqa: D301
    raw, where = _asked(what, options)
    return _train(raw, where, options["out"] or _default_folder(raw, what), options)


def _train(raw: dict[str, Any], where: str, out: Path, options: dict[str, Any]) -> int:
    from ganzoo.engine.process import tune_allocator

    tune_allocator()
    import torch

    from ganzoo.devices import default_device, usable_device
    from ganzoo.engine.prepare import resolve
    from ganzoo.engine.run import RunOptions
    from ganzoo.engine.train import train

    if options["threads"]:
        torch.set_num_threads(options["threads"])
    run = RunOptions(
        folder=out,
        device=str(usable_device(options["device"] or default_device())),
        log_every=options["log_every"],
        grid_every=options["grid_every"],
        checkpoint_seconds=options["checkpoint_every"],
        quiet=options["quiet"],
        command=shlex.join(["ganzoo", *sys.argv[1:]]),
    )
    outcome = train(resolve(raw, where), run)
    if outcome.kind == "already finished":
        click.echo(f"{out} is finished ({outcome.images:,} images): {outcome.export}")
    elif outcome.kind == "finished":
        click.echo(
            f"finished: {outcome.export}  (ganzoo sample {shlex.quote(f'{out}/')} -o samples.png)"
        )
    else:
        click.echo(
            f"stopped at {outcome.images:,} images and saved; the same command goes on from here",
            err=True,
        )
    return outcome.exit_code


def _default_folder(raw: dict[str, Any], what: str | None) -> Path:
    """runs/NAME, by the model's name, the recipe's file or the parts."""
    if what is not None and not raw.get("name"):
        return Path("runs") / Path(what).resolve().stem
    parts = (raw["generator"]["name"], raw["recipe"]["data"]["name"])
    return Path("runs") / (raw.get("name") or "-".join(p.rpartition("/")[2] for p in parts))


def _asked(what: str | None, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The raw config that the command line asks for, and its name in errors."""
    raw, where = _base(what, options)
    recipe = dict(raw.get("recipe") or {})
    if options["data"]:
        recipe = merge(recipe, {"data": {"name": _bare_if_same(options["data"], recipe)}})
    for key in ("images", "seed", "batch"):
        if options[key] is not None:
            recipe[key] = options[key]
    raw = {**raw, "recipe": recipe}
    for setting in options["settings"]:
        raw = _set(raw, setting)
    return raw, f"{where} with --set" if options["settings"] else where


def _base(what: str | None, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    names = {key: options[key] for key in ("generator", "discriminator", "loss")}
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
        return {key: value for key, value in raw.items() if key not in _RESULTS}, str(path)
    card = catalogue().locate(what)
    own_data = options["data"] in (None, card.require_config().recipe.data.name, card.data)
    left_out = _RESULTS if own_data else _RESULTS + _OF_THE_DATA
    fresh = {key: value for key, value in card.raw.items() if key not in left_out}
    return fresh, str(card.folder / "config.json")


#: What a finished training writes into config.json, and a new one must not inherit.
_RESULTS = ("files", "parameters", "metrics", "provenance", "fingerprint", "requires")
#: What is not true any more on other data.
_OF_THE_DATA = ("name", "description", "licenses")


def _bare_if_same(name: str, recipe: dict[str, Any]) -> str:
    """Keep the qualified name of the recipe's own data set, so that its arguments stay."""
    there = str((recipe.get("data") or {}).get("name", ""))
    return there if there.rpartition("/")[2] == name else name


def _set(raw: dict[str, Any], setting: str) -> dict[str, Any]:
    path, equals, text = setting.partition("=")
    if not equals:
        raise UsageError(f"--set {setting}: write KEY.PATH=VALUE, such as recipe.batch=128")
    root = path.partition(".")[0]
    full = path if root in ROOTS else f"recipe.{path}"
    try:
        value = parse_json(text, f"--set {path}")
    except ConfigError:
        value = text
    return set_path(raw, full, value)
