"""`ganzoo plugins`: what is installed, what it offers, what is broken."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import click

from ganzoo.cards import Catalogue, catalogue
from ganzoo.cli import COMMANDS, offered_commands
from ganzoo.cli.parameters import json_option
from ganzoo.plugins import Plugin


@click.command("plugins")
@json_option
def command(as_json: bool) -> None:
    """List each plugin's distribution and version, what it offers and what is wrong with it."""
    log = logging.getLogger("ganzoo")
    log.disabled, before = True, log.disabled  # all problems are shown below
    try:
        zoo = catalogue()
    finally:
        log.disabled = before
    for offer, clash in offered_commands().clashes():
        if offer.name in COMMANDS:
            zoo.manager.report(offer.distribution, f"ganzoo_commands: {clash}")
    plugins = zoo.manager.plugins.values()
    if as_json:
        click.echo(json.dumps([_record(zoo, plugin) for plugin in plugins], indent=2))
        return
    for plugin in plugins:
        mark = "" if plugin.loaded else ", broken" if plugin.installed else ", not installed"
        milliseconds = f"{plugin.seconds * 1000:.0f} ms"
        click.echo(f"{plugin.distribution} {plugin.version}  ({milliseconds}{mark})")
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
    protocols = [path.stem for folder in plugin.protocols for path in folder.glob("*.json")]
    if protocols:
        yield "protocols", sorted(protocols)
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
