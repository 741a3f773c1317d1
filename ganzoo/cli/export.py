"""`ganzoo export`: a model for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cards import catalogue
from ganzoo.cli.parameters import exporters, what_argument
from ganzoo.recipes import key_and_value


@click.command("export")
@what_argument
@click.option(
    "--to",
    required=True,
    shell_complete=exporters,
    help="Format: onnx, torch, or one that a plugin offers (`ganzoo plugins` lists them).",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The file or folder to write.  [default: the model's name]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="OPTION=VALUE",
    help="An option of the format, such as opset=18.",
)
def command(what: str, to: str, out: Path | None, settings: tuple[str, ...]) -> None:
    """Write WHAT for other programs, compared with the model before anything is written."""
    catalogue().registry.find("exporter", to)  # before the model is loaded
    options = dict(key_and_value(text, "OPTION=VALUE, such as opset=18") for text in settings)
    from ganzoo.exporters import export
    from ganzoo.zoo import load

    exported = export(load(what), to, out, options)
    click.echo(f"{exported.path}: {exported.summary}")
