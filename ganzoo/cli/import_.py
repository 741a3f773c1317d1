"""`ganzoo import`: a model folder from PyTorch weights."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import catalogue
from ganzoo.errors import ConfigError, UsageError, printable
from ganzoo.recipes import data_part, setting

if TYPE_CHECKING:
    from ganzoo.specs import Part

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
ROOTS = ("generator", "discriminator", "loss", "data")


@click.command("import")
@click.argument("weights", type=FILE)
@click.option("--generator", required=True, help="The generator of these weights, by name.")
@click.option("--name", required=True, help="The model's name, such as dcgan-faces.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The model folder to make."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="An argument of the generator, such as width=32, or discriminator.arguments.width=32.",
)
@click.option(
    "--map",
    "mapping",
    type=FILE,
    help="A JSON object from names in the file to the network's, if they cannot be matched.",
)
@click.option("--key", help="The part of the file that holds the weights, such as netG.")
@click.option("--discriminator", help="Discriminator by name.  [default: the generator's]")
@click.option(
    "--discriminator-weights", type=FILE, help="The discriminator's weights, to continue training."
)
@click.option(
    "--discriminator-key", help="The part of that file that holds its weights, such as netD."
)
@click.option("--data", help="Its training data, by name.  [default: a folder of images]")
@click.option(
    "--loss",
    default="non-saturating",
    show_default=True,
    help="The loss for continuing the training.",
)
def command(weights: Path, name: str, out: Path, **options: Any) -> None:
    """Make a model folder from WEIGHTS: a PyTorch checkpoint (.pth, .pt) or a safetensors file.

    \b
    ganzoo import netG.pth --generator dcgan-2015 --name dcgan-faces --out models/dcgan-faces
    ganzoo import both.pt --key netG --generator dcgan-2015 --set width=32 --name x --out models/x

    The checkpoint is read in a separate process that accepts tensors and nothing else. They are
    matched by name, or by order and shape. If the match is not certain, nothing is written; use
    --map then.
    """  # noqa: D301
    from ganzoo.importing.mapping import read_mapping
    from ganzoo.importing.model import Import, import_model

    if options["discriminator_key"] and not options["discriminator_weights"]:
        raise UsageError("--discriminator-key requires --discriminator-weights FILE")
    raw = _parts(options)
    done = import_model(
        Import(
            name=name,
            out=out,
            generator=_part(raw, "generator"),
            weights=weights,
            discriminator=_part(raw, "discriminator") if "discriminator" in raw else None,
            discriminator_weights=options["discriminator_weights"],
            key=options["key"],
            discriminator_key=options["discriminator_key"],
            mapping=None if options["mapping"] is None else read_mapping(options["mapping"]),
            data=_part(raw, "data") if "data" in raw else None,
            loss=_part(raw, "loss"),
            command=shlex.join(["ganzoo", *(_bare(word) for word in sys.argv[1:])]),
        )
    )
    for who, one in done.taken.items():
        left = f", {len(one.left_out)} left out" if one.left_out else ""
        click.echo(f"{who}: {one.tensors} tensors, matched {one.how}{left}")
        if one.by_order:
            pairs = ", ".join(f"{theirs} to {ours}" for theirs, ours in one.by_order)
            click.echo(printable(f"{who}: of the same shape, so matched by order alone: {pairs}"))
    click.echo(f"{name}: {done.folder}  (ganzoo sample {shlex.quote(f'{done.folder}/')})")


def _parts(options: dict[str, Any]) -> dict[str, Any]:
    """The parts as JSON, with the --set options applied."""
    raw: dict[str, Any] = {
        kind: {"name": options[kind]} for kind in ROOTS if options[kind] is not None
    }
    if options["data"]:
        raw["data"] = data_part(catalogue(), options["data"], {})
    for text in options["settings"]:
        raw = setting(raw, text, ROOTS, "generator.arguments")
    return raw


def _part(raw: dict[str, Any], kind: str) -> Part:
    from ganzoo.specs import Part, read_record

    if "name" not in raw[kind]:
        raise ConfigError(f"--set {kind}...: name the part with --{kind}")
    return read_record(Part, raw[kind], f"--{kind}")


def _bare(word: str) -> str:
    """A word of the command line; an absolute path is reduced to its last name."""
    return Path(word).name if word.startswith(("/", "~")) else word
