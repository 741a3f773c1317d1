"""The commands of this plugin. Each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("gallery")
@click.argument("pattern", required=False)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default="gallery",
    show_default=True,
    help="The folder to write.",
)
@click.option("--force", is_flag=True, help="Replace a folder that no gallery wrote.")
def gallery(pattern: str | None, out: Path, force: bool) -> None:
    """Write pages of all models, or of those whose names match PATTERN, into one folder.

    The start page has a wall of each model and their figures; each model's page steers it. They
    draw in the browser, with no network: open index.html, or serve the folder.
    """
    from ganzoo import list_models
    from ganzoo_web.pages.gallery import write_gallery
    from ganzoo_web.pages.problems import PageError

    names = list_models(pattern)
    if not names:
        raise PageError(f"no model matches {pattern!r}; `ganzoo list` lists the models")
    path = write_gallery(names, out, force=force, said=click.echo)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
    click.echo(f"{path}: {size:.1f} MB; open index.html, or serve the folder")
