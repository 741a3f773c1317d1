"""`ganzoo list`: the models of the zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cli.parameters import json_option
from ganzoo.errors import UsageError
from ganzoo.terminal import markdown, table


@click.command("list")
@click.argument("pattern", required=False)
@click.option("--family", help="Only models of this family: wgan, or wgan-gp.")
@click.option("--data", help="Only models trained on this data set, such as mnist.")
@click.option("--license", "licence", help="Only weights under this licence, such as apache-2.0.")
@json_option
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the trainings of a folder over the images seen: .png, .svg or .pdf.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the README's table.")
def command(
    pattern: str | None,
    family: str | None,
    data: str | None,
    licence: str | None,
    as_json: bool,
    picture: Path | None,
    as_markdown: bool,
) -> None:
    """List the models of the zoo, or those that match PATTERN (part of a name, or with * and ?).

    A PATTERN that is a folder, such as runs/, lists the trainings in it and how they differ.
    """
    zoo = catalogue()
    if pattern and zoo.as_path(pattern) is not None:
        _list_runs(pattern, picture, as_json=as_json)
        return
    if picture is not None:
        raise UsageError("--plot draws trainings; give the folder that they are in, such as runs/")
    cards = zoo.select(pattern, family=family, data=data, licence=licence)
    named = [(zoo.name_of(card), card) for card in cards]
    if as_json:
        import json

        click.echo(json.dumps([_record(name, card) for name, card in named], indent=2))
    elif as_markdown:
        click.echo(model_table(named))
    elif named:
        header = ("NAME", "FAMILY", "DATA", "SIZE", "PARAMETERS", "QUALITY", "STATUS")
        click.echo(table(header, [_row(name, card) for name, card in named]))
    elif zoo.cards:
        folder = pattern and Path(pattern).is_dir()
        runs = f"; `ganzoo list {pattern}/` shows the trainings in that folder" if folder else ""
        click.echo(f"no model matches; `ganzoo list` shows all {len(zoo.cards)}{runs}", err=True)
    else:
        click.echo("there are no models: no plugin offers any", err=True)


def _list_runs(folder: str, picture: Path | None, *, as_json: bool) -> None:
    """Compare the trainings in a folder."""
    from ganzoo.run_folders import runs

    listed = runs(folder)
    if picture is not None and listed:
        from ganzoo.run_plots import check_ending, save

        check_ending(picture)
        save(listed.plot(), picture)
    if as_json:
        import json

        click.echo(json.dumps(listed.records(), indent=2))
    elif listed:
        click.echo(str(listed))
    else:
        click.echo(f"there are no runs in {folder}", err=True)


def model_table(named: list[tuple[str, Card]]) -> str:
    """The Markdown table of models in README and zoo_cards/, from names and cards."""
    return markdown(
        ("model", "data", "parameters (G + D)", "quality", "what it is"),
        [
            (f"`{name}`", card.data, _parameters(card), _quality(card), card.description)
            for name, card in named
        ],
    )


def _parameters(card: Card) -> str:
    """Parameters of generator and discriminator, in thousands or millions."""
    counts = card.summary.parameters if card.summary else {}
    players = (counts[player] for player in ("generator", "discriminator") if player in counts)
    return " + ".join(f"{n / 1e6:.1f}M" if n >= 1e6 else f"{n / 1e3:.0f}k" for n in players)


def _quality(card: Card) -> str:
    """The card's first figure."""
    return card.summary.quality if card.summary else ""


def _row(name: str, card: Card) -> tuple[str, ...]:
    size = card.summary.bytes if card.summary else 0
    megabytes = f"{size / 1e6:.1f} MB" if size else ""
    status = f"broken: {card.problem}" if card.status == "broken" else card.status
    return (name, card.family, card.data, megabytes, _parameters(card), _quality(card), status)


def _record(name: str, card: Card) -> dict[str, Any]:
    from ganzoo.specs import write_record

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
