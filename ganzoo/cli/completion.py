"""Completing the names of models in a shell."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ganzoo.cards import catalogue


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The zoo's names that begin so, and files."""
    names = [name for name in catalogue().names() if name.startswith(incomplete)]
    files = CompletionItem(incomplete, type="file")
    return [*(CompletionItem(name) for name in names), files]
