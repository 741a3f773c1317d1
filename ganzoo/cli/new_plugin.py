"""`ganzoo new-plugin`: the package of a new GAN, ready to install and train."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from ganzoo.cards import catalogue
from ganzoo.errors import UsageError
from ganzoo.new_plugin.write import LICENCES, Names, write_plugin


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The folder to make.  [default: ./ganzoo-NAME]",
)
@click.option(
    "--license",
    "licence",
    type=click.Choice(LICENCES),
    default=LICENCES[0],
    show_default=True,
    help="The licence of its code and weights.",
)
@click.option("--author", help="The copyright holder.  [default: git's user.name]")
def command(name: str, out: Path | None, licence: str, author: str | None) -> None:
    """Create the package of a plugin NAME: networks, a loss, two models, tests, CI.

    It installs, trains on points and on digits, and passes `ganzoo check` without a change. Your
    own code goes into networks.py and loss.py.
    """
    names = Names.parse(name)
    _refuse_taken(names)
    folder = out or Path(names.distribution)
    files = write_plugin(folder, names, licence, author or _gits_name() or "its authors")
    click.echo(f"wrote {folder}/: {len(files)} files, under {licence}")
    for path in files:
        click.echo(f"  {path.relative_to(folder.resolve()).as_posix()}")
    family = names.family
    click.echo(
        f"\nNext:\n"
        f"  cd {folder} && pip install -e '.[test]'\n"
        f"  ganzoo list {family}\n"
        f"  ganzoo train {family}-ring        # points: half a minute\n"
        f"  ganzoo train {family}-mnist-mini  # digits: a minute\n"
        f"  ganzoo check {names.distribution}   # mistakes, their causes and lines\n"
        f"  pytest"
    )


def _refuse_taken(names: Names) -> None:
    """Refuse the name of an installed plugin, which would be ambiguous."""
    zoo = catalogue()
    owners = [plugin for plugin in zoo.manager.plugins if plugin == names.distribution]
    for kind in ("generator", "discriminator", "loss"):
        owners += [e.distribution for e in zoo.registry.offers(kind) if e.name == names.family]
    if owners:
        raise UsageError(
            f"the name {names.family!r} is taken by {owners[0]}, which is installed here; choose "
            "another"
        )


def _gits_name() -> str:
    """Git's user.name; empty where it is not set."""
    try:
        ended = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip()
