"""`ganzoo list`: the models of the zoo."""

from __future__ import annotations

import json
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.tables import markdown, table
from ganzoo.specs import write_record


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--family", help="Only models of this family: wgan, or wgan-gp.")
@click.option("--data", help="Only models trained on this data set, such as mnist.")
@click.option("--license", "licence", help="Only weights under this licence, such as apache-2.0.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As the README's table.")
def command(
    pattern: str | None,
    family: str | None,
    data: str | None,
    licence: str | None,
    as_json: bool,
    as_markdown: bool,
) -> None:
    """List the models of the zoo, by PATTERN (part of a name, or with * and ?)."""
    zoo = catalogue()
    cards = zoo.select(pattern, family=family, data=data, licence=licence)
    if as_json:
        rows = zip(_names(cards), cards, strict=True)
        click.echo(json.dumps([_record(name, card) for name, card in rows], indent=2))
    elif as_markdown:
        click.echo(model_table(cards))
    elif cards:
        click.echo(
            table(
                ("NAME", "FAMILY", "DATA", "SIZE", "PARAMETERS", "QUALITY", "STATUS"),
                [_row(name, card) for name, card in zip(_names(cards), cards, strict=True)],
            )
        )
    elif zoo.cards:
        click.echo(f"no model fits; `ganzoo list` shows all {len(zoo.cards)}", err=True)
    else:
        click.echo("there are no models: no plugin offers any", err=True)


def model_table(cards: list[Card]) -> str:
    """The Markdown table of models that README and zoo_cards/ carry."""
    return markdown(
        ("model", "data", "parameters (G + D)", "quality", "what it is"),
        [
            (f"`{name}`", card.data, parameters(card), quality(card), card.description)
            for name, card in zip(_names(cards), cards, strict=True)
        ],
    )


def parameters(card: Card) -> str:
    """Parameters of generator and discriminator, in thousands or millions."""
    counts = card.summary.parameters if card.summary else {}
    return " + ".join(_short(counts[p]) for p in ("generator", "discriminator") if p in counts)


def quality(card: Card) -> str:
    """The card's first figure."""
    return card.summary.quality if card.summary else ""


def _row(name: str, card: Card) -> tuple[str, ...]:
    size = card.summary.bytes if card.summary else 0
    megabytes = f"{size / 1e6:.1f} MB" if size else ""
    numbers = (megabytes, parameters(card), quality(card))
    status = f"broken: {card.problem}" if card.status == "broken" else card.status
    return (name, card.family, card.data, *numbers, status)


def _short(number: int) -> str:
    return f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"


def _names(cards: list[Card]) -> list[str]:
    """Each card's name as `ganzoo.load` takes it."""
    known = set(catalogue().names())
    return [card.qualified if card.qualified in known else card.name for card in cards]


def _record(name: str, card: Card) -> dict[str, Any]:
    config = card.config
    return {
        "name": name,
        "distribution": card.distribution,
        "family": card.family,
        "data": card.data,
        "status": card.status,
        "problem": card.problem,
        "bytes": card.summary.bytes if card.summary else 0,
        "parameters": dict(card.summary.parameters) if card.summary else {},
        "metrics": write_record(config.metrics) if config else [],
        "licenses": write_record(config.licenses) if config else None,
        "description": card.description,
        "folder": str(card.folder),
    }
