"""Parameters that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganzoo.cards import catalogue

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a WHAT: the zoo's names that begin so, and files."""
    from click.shell_completion import CompletionItem

    names = [name for name in catalogue().names() if name.startswith(incomplete)]
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


#: A model: a name, a folder, a run or an address on the Hub.
what_argument = click.argument("what", shell_complete=models)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device", help="cpu, cuda, cuda:1 ...; by default the first GPU, else the CPU."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1), help="CPU threads; by default torch's choice."
)
