"""`ganzoo pull`: copy a model from the Hugging Face Hub into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.hub import Address


@click.command("pull")
@click.argument("address", metavar="hf-hub:OWNER/REPO[@REVISION]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The model folder to make.  [default: the repository's name]",
)
def command(address: str, out: Path | None) -> None:
    """Copy a model from the Hub into a folder: whole and checked, or not at all.

    A branch is resolved to its newest commit, which is told; @COMMIT pins one.
    """
    from ganzoo.hub.pull import pull

    wanted = Address.parse(address)
    done = pull(wanted, out or Path(wanted.name))
    size = f"{len(done.files)} files, {done.bytes / 1e6:.1f} MB"
    click.echo(f"{done.address}: {done.folder}/ ({size})")
