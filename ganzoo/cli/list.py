"""`ganzoo list`: the models of the zoo."""

from __future__ import annotations

import json
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.tables import markdown, table


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--family", help="Only models of this family, such as dcgan.")
@click.option("--data", help="Only models trained on this data set, such as mnist.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As the README's table.")
def command(
    pattern: str | None, family: str | None, data: str | None, as_json: bool, as_markdown: bool
) -> None:
    """List the models of the zoo, by PATTERN (part of a name, or with * and ?)."""
    zoo = catalogue()
    cards = zoo.select(pattern, family=family, data=data)
    if as_json:
        click.echo(json.dumps([_record(card) for card in cards], indent=2))
    elif as_markdown:
        click.echo(model_table(cards))
    elif cards:
        click.echo(
            table(
                ("NAME", "DATA", "PARAMETERS", "STATUS", "DESCRIPTION"),
                [
                    (n, card.data, parameters(card), card.status, _description(card))
                    for n, card in zip(_names(cards), cards, strict=True)
                ],
            )
        )
    elif zoo.cards:
        click.echo(f"no model fits; `ganzoo list` shows all {len(zoo.cards)}", err=True)
    else:
        click.echo("there are no models: no plugin offers any", err=True)


def model_table(cards: list[Card]) -> str:
    """The Markdown table of models that README and zoo_cards/ carry."""
    return markdown(
        ("model", "data", "parameters (G + D)", "what it is"),
        [
            (f"`{n}`", card.data, parameters(card), _description(card))
            for n, card in zip(_names(cards), cards, strict=True)
        ],
    )


def parameters(card: Card) -> str:
    """Parameters of generator and discriminator, in thousands or millions."""
    counts = card.config.parameters if card.config else {}
    return " + ".join(_short(counts[p]) for p in ("generator", "discriminator") if p in counts)


def _short(number: int) -> str:
    return f"{number / 1e6:.1f}M" if number >= 1e6 else f"{number / 1e3:.0f}k"


def _description(card: Card) -> str:
    return card.config.description if card.config else card.problem


def _names(cards: list[Card]) -> list[str]:
    """Each card's name as `ganzoo.load` takes it."""
    known = set(catalogue().names())
    return [card.qualified if card.qualified in known else card.name for card in cards]


def _record(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "distribution": card.distribution,
        "family": card.family,
        "data": card.data,
        "status": card.status,
        "problem": card.problem,
        "parameters": dict(card.config.parameters) if card.config else {},
        "description": _description(card),
        "folder": str(card.folder),
    }
