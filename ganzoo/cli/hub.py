"""`ganzoo pull` and `ganzoo push`: models from and to the Hugging Face Hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import what_argument
from ganzoo.errors import UsageError
from ganzoo.hub import Address, is_address


@click.command("pull")
@click.argument("address", metavar="hf-hub:OWNER/REPO[@REVISION]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The model folder to make.  [default: the repository's name]",
)
def pull(address: str, out: Path | None) -> None:
    """Copy a model from the Hub into a new folder, and check its hashes.

    A branch means its newest commit, which is printed; @COMMIT pins one.
    """
    from ganzoo.hub.pull import pull

    source = Address.parse(address)
    pulled = pull(source, out or Path(source.name))
    size = f"{len(pulled.files)} files, {pulled.bytes / 1e6:.1f} MB"
    click.echo(f"{pulled.address}: {pulled.folder}/ ({size})")


@click.command("push")
@what_argument
@click.argument("address", metavar="hf-hub:OWNER/REPO")
@click.option("--private", is_flag=True, help="Create the repository as a private one.")
@click.option("--revision", metavar="BRANCH", help="Push to this branch.  [default: main]")
@click.option("--message", default="", help="The commit message.")
def push(what: str, address: str, private: bool, revision: str | None, message: str) -> None:
    """Upload WHAT (a name, a folder or a finished run) to a model repository on the Hub.

    An incomplete model is refused with a list of what it lacks. Only the model's own files are
    uploaded: config.json, README.md, the weights that it names and the samples.
    """
    from ganzoo.hub.push import push

    target = _branch(Address.parse(address), revision)
    if is_address(what):
        raise UsageError(f"{what} is on the Hub already; pull it first, then push the folder")
    card = catalogue().locate(what)
    pushed = push(
        card.folder, card.require_config(), card.name, target, private=private, message=message
    )
    click.echo(f"{pushed.address}: {pushed.url} ({len(pushed.files)} files)")


def _branch(address: Address, revision: str | None) -> Address:
    """The address with the branch of --revision, which must not contradict it."""
    if revision is None:
        return address
    if address.revision not in (None, revision):
        raise UsageError(f"{address} and --revision {revision} differ; give one of them")
    return Address.parse(str(replace(address, revision=revision)))
