"""`ganzoo push`: send a model to the Hugging Face Hub."""

from __future__ import annotations

from dataclasses import replace

import click

from ganzoo.cards import catalogue
from ganzoo.cli.completion import models
from ganzoo.errors import UsageError
from ganzoo.hub import Address, is_address


@click.command("push")
@click.argument("what", shell_complete=models)
@click.argument("address", metavar="hf-hub:OWNER/REPO")
@click.option("--private", is_flag=True, help="Make the repository private, where it is made now.")
@click.option("--revision", metavar="BRANCH", help="Another branch than main.")
@click.option("--message", default="", help="The commit's message.")
def command(what: str, address: str, private: bool, revision: str | None, message: str) -> None:
    """Send WHAT (a name, a folder or a finished run) to a model repository on the Hub.

    A model that is not complete is refused, and what it lacks is named. Only the model's own files
    are sent: config.json, README.md, the weights it names and the samples.
    """
    from ganzoo.hub.push import push

    target = _branch(Address.parse(address), revision)
    if is_address(what):
        raise UsageError(f"{what} is on the Hub; pull it first, and push the folder")
    card = catalogue().locate(what)
    config = card.require_config()
    done = push(card.folder, config, card.name, target, private=private, message=message)
    click.echo(f"{done.address}: {done.url} ({len(done.files)} files)")


def _branch(address: Address, revision: str | None) -> Address:
    """The address with the branch of --revision, which may not contradict it."""
    if revision is None:
        return address
    if address.revision not in (None, revision):
        raise UsageError(f"{address} and --revision {revision} differ; give one of them")
    return Address.parse(str(replace(address, revision=revision)))
