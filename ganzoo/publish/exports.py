"""What to publish: a run's export, the exports of several training seeds, or a model folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ganzoo.cards import Catalogue
from ganzoo.errors import CardError, UsageError
from ganzoo.hub import is_address
from ganzoo.hub.contents import README
from ganzoo.measure.training_seeds import finished_runs
from ganzoo.specs import GENERATOR_FILE, read_config, read_seeds
from ganzoo.specs.readme import blanks, prose_of, read_readme


def exports_of(zoo: Catalogue, what: str | Path) -> dict[int, Path]:
    """The finished model folders of WHAT by training seed; `CardError` if one is unfinished."""
    if is_address(what):
        raise UsageError(f"{what} is published already; `ganzoo pull` makes a folder of it")
    folder = zoo.as_path(what)
    if folder is not None and read_seeds(folder) is not None:
        return {seed: run / "export" for seed, run in finished_runs(folder).items()}
    card = zoo.locate(what)
    if card.status == "running":
        raise CardError(f"{card.folder} is not finished; run the command that started it again")
    config = card.require_usable()
    if GENERATOR_FILE not in config.files:
        raise CardError(f"{card.name} has no weights yet; train it: ganzoo train {what}")
    return {config.recipe.seed: card.folder}


def prose_for(exports: dict[int, Path], run: Path | None, name: str) -> str | None:
    """The prose beside the weights, under the model's name; None where there is none.

    A run's README.md precedes those of its exports, and a complete text precedes all others.
    """
    places = [] if run is None else [run]
    texts = [text for text in _proses([*places, *exports.values()], name) if text.strip()]
    return next((text for text in texts if not blanks(text)), texts[0] if texts else None)


def _proses(folders: list[Path], name: str) -> Iterator[str]:
    """The prose of each folder; a title that names the recipe or the run becomes the model's."""
    for folder in folders:
        if (folder / README).is_symlink():
            raise CardError(f"{folder / README} is a link; put the file itself there, or --prose")
        prose = prose_of(read_readme(folder))
        config = folder / "config.json"
        recipe = read_config(config)[0].name if config.is_file() else None
        title = recipe or folder.resolve().parent.name
        yield prose.replace(f"# {title}\n", f"# {name}\n", 1)
