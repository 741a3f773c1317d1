"""`ganzoo cards`: the generated parts of model cards, built or checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ganzoo.cards import Card, Catalogue, catalogue
from ganzoo.errors import CardError


@click.group("cards")
def command() -> None:
    """Build the generated parts of model cards, or check that they are up to date."""


@command.command("build")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a part is stale.")
def build(folder: Path | None, check: bool) -> int:
    """Write each README.md's front matter and the index, in FOLDER or the official zoo_cards/."""
    from ganzoo.files import write_text

    place = folder or _official()
    stale = [
        (path, text)
        for path, text in generated(catalogue(), place)
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if not check:
            write_text(path, text)
        click.echo(f"{path}: {'stale; run `ganzoo cards build`' if check else 'written'}")
    if not stale:
        click.echo(f"{place}: all cards are up to date")
    return 1 if check and stale else 0


def generated(zoo: Catalogue, place: Path) -> Iterator[tuple[Path, str]]:
    """Each generated file below a folder, with the text that it should hold."""
    from ganzoo.specs.readme import CURVES_FILE, prose_of, readme_of, with_curves

    cards = [zoo.open_folder(path.parent) for path in sorted(place.glob("*/config.json"))]
    if not cards:
        raise CardError(f"{place} contains no model folders")
    for card in cards:
        prose = prose_of(card.readme) if card.readme else None
        if prose and (card.folder / CURVES_FILE).is_file():
            prose = with_curves(prose)
        yield card.folder / "README.md", readme_of(card.require_config(), card.name, prose)
    yield place / "README.md", index(cards)


def index(cards: list[Card]) -> str:
    """The page that lists all models of a folder."""
    from ganzoo.cli.list import model_table

    return (
        "# The models\n\n"
        "<!-- written by `ganzoo cards build`; edit the cards, not this page -->\n\n"
        f"{model_table([(card.name, card) for card in cards])}\n\n"
        "Each folder is one model: `README.md` for people, `config.json` for machines, the\n"
        "weights as safetensors, and a grid of samples of fixed latents.\n"
    )


def _official() -> Path:
    from ganzoo.plugins import core

    places = core.ganzoo_cards()
    if not places:
        raise CardError("there is no zoo_cards/ here; name the folder")
    return places[0]
