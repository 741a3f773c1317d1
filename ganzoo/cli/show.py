"""`ganzoo show`: one model's card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.errors import CardError
from ganzoo.specs import ModelConfig, Part


@click.command("show")
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="The whole config.json, with where it lies.")
def command(what: str, as_json: bool) -> None:
    """Show the card of WHAT: a name, a folder or a run."""
    card = catalogue().locate(what)
    if as_json:
        where = {"name": card.name, "folder": str(card.folder), "status": card.status}
        click.echo(json.dumps({**where, "config": card.raw}, indent=2))
        return
    if card.config is None:
        raise CardError(f"{card.name}: {card.problem}")
    for label, text in _lines(card, card.config):
        click.echo(f"{label:<15}{text}".rstrip())


def _lines(card: Card, config: ModelConfig) -> Iterator[tuple[str, str]]:
    yield card.name, config.description
    yield "status", f"{card.status}: {card.problem}" if card.problem else card.status
    yield "folder", str(card.folder)
    yield "generator", _part(config.generator, config.parameters.get("generator"))
    yield "discriminator", _part(config.discriminator, config.parameters.get("discriminator"))
    yield from _recipe(config)
    if left := [f.name for f in fields(config.recipe) if f.name not in card.raw["recipe"]]:
        yield "left open", f"{', '.join(left)}: the loss's own where it has one, else as above"
    if config.licenses:
        named = (f"{f.name} {getattr(config.licenses, f.name)}" for f in fields(config.licenses))
        yield "licences", ", ".join(named)
    for metric in config.metrics:
        yield "measured", _figure(metric)
        yield "", metric.command
    if made := config.provenance:
        yield "trained", f"{made.date}, {made.duration_s / 60:.1f} min, {made.hardware}"
        yield "", made.command
    for name, file in config.files.items():
        yield (
            "file" if name == next(iter(config.files)) else "",
            (f"{name}  {file.bytes / 1e6:.2f} MB  sha256 {file.sha256}"),
        )


def _recipe(config: ModelConfig) -> Iterator[tuple[str, str]]:
    recipe, each = config.recipe, config.recipe.optimizers
    yield "loss", _part(recipe.loss)
    yield "data", _part(recipe.data)
    yield (
        "recipe",
        (
            f"{recipe.images:,} images, batch {recipe.batch}, "
            f"{recipe.discriminator_steps} discriminator step(s), seed {recipe.seed}"
        ),
    )
    for player, made in (("generator", each.generator), ("discriminator", each.discriminator)):
        yield "", f"{player}: {made.name}, lr {made.lr:g}{_arguments(made.arguments)}"


def _part(part: Part, count: int | None = None) -> str:
    size = "" if count is None else f"  {count:,} parameters"
    return f"{part.name}{_arguments(part.arguments)}{size}"


def _arguments(arguments: Any) -> str:
    return "".join(f", {name}={value!r}" for name, value in arguments.items())


def _figure(metric: Any) -> str:
    spread = f" ± {metric.spread:.2g}" if metric.spread is not None else ""
    floor = f", real images {metric.floor:g}" if metric.floor is not None else ""
    return (
        f"{metric.name} {metric.value:g}{spread}{metric.unit}{floor}  "
        f"(n = {metric.n:,}, {metric.protocol})"
    )
