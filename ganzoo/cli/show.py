"""`ganzoo show`: one model's card."""

from __future__ import annotations

import json
import sys

import click

from ganzoo.cards import catalogue
from ganzoo.cards.page import page, prose_of_page
from ganzoo.cli.parameters import what_argument


@click.command("show")
@what_argument
@click.option("--json", "as_json", is_flag=True, help="Print config.json and its folder.")
def command(what: str, as_json: bool) -> None:
    """Show the card of WHAT: a name, a folder, a run or hf-hub:OWNER/REPO[@REVISION].

    For a model on the Hub, config.json is downloaded and the weights are not.
    """
    card = catalogue().locate(what, weights=False)
    if as_json:
        where = {"name": card.name, "folder": str(card.folder), "status": card.status}
        click.echo(json.dumps({**where, "config": card.raw}, indent=2))
        return
    click.echo(page(card))
    if prose := prose_of_page(card):
        _show_prose(prose)


def _show_prose(prose: str) -> None:
    """Show Markdown: laid out on a terminal, unchanged in a pipe."""
    if not sys.stdout.isatty():
        click.echo(f"\n{prose}")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print("", Markdown(prose))
