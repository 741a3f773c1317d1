"""`ganzoo show`: one model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.parameters import what_argument
from ganzoo.errors import printable

if TYPE_CHECKING:
    from ganzoo.specs import Metric, ModelConfig, Part


@click.command("show")
@what_argument
@click.option("--json", "as_json", is_flag=True, help="Print the whole config.json and its folder.")
def command(what: str, as_json: bool) -> None:
    """Show the card of WHAT: a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION].

    For a model on the Hub, config.json is downloaded and the weights are not.
    """
    card = catalogue().locate(what, weights=False)
    if as_json:
        where = {"name": card.name, "folder": str(card.folder), "status": card.status}
        click.echo(json.dumps({**where, "config": card.raw}, indent=2))
        return
    for label, text in _lines(card, card.require_config()):
        click.echo(f"{label:<15}{printable(text)}".rstrip())
    if prose := _prose(card):
        click.echo(f"\n{prose}")


def _prose(card: Card) -> str:
    """The prose of README.md as plain text for a terminal."""
    from ganzoo.specs.readme import prose_of

    lines = prose_of(card.readme).strip().splitlines() if card.readme else []
    return "\n".join(printable(line) for line in lines)


def _lines(card: Card, config: ModelConfig) -> Iterator[tuple[str, str]]:
    yield card.name, config.description
    yield "status", f"{card.status}: {card.problem}" if card.problem else card.status
    yield "folder", str(card.folder)
    yield "generator", _part(config.generator, config.parameters.get("generator"))
    yield "discriminator", _part(config.discriminator, config.parameters.get("discriminator"))
    yield from _recipe(config, card.raw["recipe"])
    if config.licenses:
        named = (f"{f.name} {getattr(config.licenses, f.name)}" for f in fields(config.licenses))
        yield "licences", ", ".join(named)
    for metric in config.metrics:
        yield "measured", _figure(metric)
        yield "", metric.command
    if made := config.provenance:
        took = f"{made.duration_s / 60:.1f} min, {made.hardware}"
        yield ("trained", f"{made.date}, {took}") if made.images else ("imported", made.date)
        yield "", made.command
    label = "file"
    for name, file in config.files.items():
        yield label, f"{name}  {file.bytes / 1e6:.2f} MB  sha256 {file.sha256}"
        label = ""


def _recipe(config: ModelConfig, raw: Any) -> Iterator[tuple[str, str]]:
    """The recipe. What it leaves open is set by the loss when it is trained."""
    recipe = config.recipe
    turns = f"{recipe.discriminator_steps} discriminator step(s)"
    if "discriminator_steps" not in raw:
        turns = "discriminator steps as the loss sets them"
    yield "loss", _part(recipe.loss)
    yield "data", _part(recipe.data)
    budget = f"{recipe.images:,} images, batch {recipe.batch}, {turns}"
    yield "recipe", f"{budget}, seed {recipe.seed}, precision {recipe.precision}"
    yield "", f"average with a half-life of {recipe.ema.half_life:,.0f} images"
    for player in ("generator", "discriminator"):
        optimizer = getattr(recipe.optimizers, player)
        if player in raw.get("optimizers", {}):
            yield (
                "",
                f"{player}: {optimizer.name}, lr {optimizer.lr:g}{_arguments(optimizer.arguments)}",
            )


def _part(part: Part, count: int | None = None) -> str:
    size = "" if count is None else f"  {count:,} parameters"
    return f"{part.name}{_arguments(part.arguments)}{size}"


def _arguments(arguments: Any) -> str:
    return "".join(f", {name}={value!r}" for name, value in arguments.items())


def _figure(metric: Metric) -> str:
    spread = f" ± {metric.spread:.2g}" if metric.spread is not None else ""
    floor = f", real images {metric.floor:g}" if metric.floor is not None else ""
    return (
        f"{metric.name} {metric.value:g}{spread}{metric.unit}{floor}  "
        f"(n = {metric.n:,}, {metric.protocol})"
    )
