"""`ganzoo show`: one model's card."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import click

from ganzoo.cards import Card, catalogue
from ganzoo.cards.page import page, prose_of_page
from ganzoo.cli.parameters import what_argument
from ganzoo.errors import CardError, one_line


@click.command("show")
@what_argument
@click.option("--json", "as_json", is_flag=True, help="Print config.json and its folder.")
@click.option(
    "--picture/--no-picture",
    "picture",
    default=None,
    help="Show samples on the terminal.  [default: where it has colours]",
)
def command(what: str, as_json: bool, picture: bool | None) -> None:
    """Show the card of WHAT: a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION].

    For a model on the Hub, config.json is downloaded and the weights are not.
    """
    card = catalogue().locate(what, weights=False)
    if as_json:
        where = {"name": card.name, "folder": str(card.folder), "status": card.status}
        click.echo(json.dumps({**where, "config": card.raw}, indent=2))
        return
    drawn = _picture(card, picture)
    click.echo(page(card))
    if prose := prose_of_page(card):
        _show_prose(prose)
    if drawn:  # at the end, where the terminal stops scrolling
        sys.stdout.write(f"\n{drawn}")  # click.echo would take out the colours in a pipe
        sys.stdout.flush()


def _picture(card: Card, asked: bool | None) -> str:
    """The card's samples, or a run's newest, as text if they are asked for or can be shown."""
    from ganzoo.terminal_pictures import drawn, wanted

    kind, path = wanted(asked, sys.stdout), _samples_of(card)
    if kind is None or (path is None and not asked):
        return ""
    if path is None:
        raise CardError(f"{card.name} has no picture of samples in {card.folder}")
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return drawn(picture, kind, *shutil.get_terminal_size())
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        if asked:
            raise CardError(f"{path} cannot be shown: {one_line(error)}") from None
        return ""


def _samples_of(card: Card) -> Path | None:
    """The file of a model's samples; of a run, its newest grid."""
    grids = sorted((card.folder / "samples").glob("[0-9]*.png"))
    there = [path for path in (card.folder / "samples.png", *grids[-1:]) if path.is_file()]
    return there[0] if there else None


def _show_prose(prose: str) -> None:
    """Show Markdown: laid out on a terminal, unchanged in a pipe."""
    if not sys.stdout.isatty():
        click.echo(f"\n{prose}")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print("", Markdown(prose))
