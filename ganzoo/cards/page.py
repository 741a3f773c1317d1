"""A card as a page of plain text, for `ganzoo show` and `print(card)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ganzoo.errors import printable
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.cards.card import Card
    from ganzoo.specs import Metric, ModelConfig, Part


def page(card: Card) -> str:
    """Parts, recipe, figures, origin and files of a model, as lines of text."""
    config = card.require_config()
    lines = [f"{label:<14} {printable(text)}".rstrip() for label, text in _lines(card, config)]
    return "\n".join([*lines, *_figures(config)])


def prose_of_page(card: Card) -> str:
    """The prose of README.md without the figures, as Markdown; empty without a README."""
    from ganzoo.specs.readme import prose_of, without_blanks, without_figures

    text = without_blanks(without_figures(prose_of(card.readme))) if card.readme else ""
    return "\n".join(printable(line) for line in text.strip().splitlines())


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


def _figures(config: ModelConfig) -> Iterator[str]:
    """A table of figures for each protocol, with the commands that measure them again."""
    from ganzoo.specs.readme import by_protocol

    for protocol, metrics in by_protocol(config).items():
        yield f"\nmeasured       {printable(protocol)}"
        yield table(*figures(metrics))
        for command in dict.fromkeys(metric.command for metric in metrics):
            yield f"reproduce      {printable(command)}"


def figures(metrics: Iterable[Metric]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header and the rows of a table of figures."""
    return ("FIGURE", "VALUE", "SPREAD", "REAL", "WHAT IT IS"), [*map(_row, metrics)]


def _row(metric: Metric) -> tuple[str, ...]:
    return (
        metric.name,
        f"{metric.value:.4g}{metric.unit}",
        "" if metric.spread is None else f"± {metric.spread:.2g}",
        "" if metric.floor is None else f"{metric.floor:.4g}",
        metric.protocol.partition("; ")[0],
    )
