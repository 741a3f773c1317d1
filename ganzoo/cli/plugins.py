"""`ganzoo plugins`: what is installed, what it offers, what is broken."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import click

from ganzoo.cards import Catalogue, catalogue
from ganzoo.cli import report_taken_commands
from ganzoo.plugins import Plugin


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(as_json: bool) -> None:
    """List the plugins: distribution, version, what each offers and what is wrong with it."""
    log = logging.getLogger("ganzoo")
    log.disabled, before = True, log.disabled  # all of it is shown below
    try:
        zoo = catalogue()
    finally:
        log.disabled = before
    report_taken_commands()
    plugins = zoo.manager.plugins.values()
    if as_json:
        click.echo(json.dumps([_record(zoo, plugin) for plugin in plugins], indent=2))
        return
    for plugin in plugins:
        mark = "" if plugin.loaded else ", broken" if plugin.installed else ", not installed"
        click.echo(
            f"{plugin.distribution} {plugin.version}  ({plugin.seconds * 1000:.0f} ms{mark})"
        )
        for kind, names in _offers(zoo, plugin):
            click.echo(f"  {kind:<15}{', '.join(names)}")
        for problem in plugin.problems:
            click.echo(f"  {'problem':<15}{problem}")
    for name in sorted(zoo.manager.switched_off):
        click.echo(f"{name}  (switched off by GANZOO_PLUGINS)")


def _offers(zoo: Catalogue, plugin: Plugin) -> Iterator[tuple[str, list[str]]]:
    for kind, parts in plugin.parts.items():
        if parts:
            yield f"{kind}s" if not kind.endswith("s") else f"{kind}es", sorted(parts)
    if plugin.commands:
        yield "commands", sorted(plugin.commands)
    if found := [path.stem for folder in plugin.protocols for path in folder.glob("*.json")]:
        yield "protocols", sorted(found)
    models = [card.name for card in zoo.cards if card.distribution == plugin.distribution]
    if models:
        yield "models", models


def _record(zoo: Catalogue, plugin: Plugin) -> dict[str, object]:
    return {
        "distribution": plugin.distribution,
        "version": plugin.version,
        "loaded": plugin.loaded,
        "seconds": round(plugin.seconds, 4),
        "problems": plugin.problems,
        "offers": dict(_offers(zoo, plugin)),
    }
