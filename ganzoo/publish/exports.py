"""What is published from: a run's export, those of several training seeds, or a model folder."""

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
    """The finished model folders that WHAT stands for, by training seed.

    Raises `CardError` where it, or one of its seeds, is not finished.
    """
    if is_address(what):
        raise UsageError(f"{what} is published already; `ganzoo pull` makes a folder of it")
    folder = zoo.as_path(what)
    if folder is not None and read_seeds(folder) is not None:
        return {seed: run / "export" for seed, run in finished_runs(folder).items()}
    card = zoo.locate(what)
    if card.status == "running":
        raise CardError(f"{card.folder} is not finished; the command that began it goes on with it")
    config = card.require_usable()
    if GENERATOR_FILE not in config.files:
        raise CardError(f"{card.name} has no weights yet; train it: ganzoo train {what}")
    return {config.recipe.seed: card.folder}


def prose_for(exports: dict[int, Path], run: Path | None, name: str) -> str | None:
    """The prose that lies beside the weights, under the model's name; None where there is none.

    A README.md of a folder of seeds goes before those of its exports, and of those one in which
    nothing is left to write.
    """
    places = [] if run is None else [run]
    found = [text for text in _proses([*places, *exports.values()], name) if text.strip()]
    return next((text for text in found if not blanks(text)), found[0] if found else None)


def _proses(folders: list[Path], name: str) -> Iterator[str]:
    """The prose of each folder that has one, its title the model's where it was the run's."""
    for folder in folders:
        if (folder / README).is_symlink():
            raise CardError(f"{folder / README} is a link; put the file itself there, or --prose")
        prose = prose_of(read_readme(folder))
        for title in _titles(folder):
            prose = prose.replace(f"# {title}\n", f"# {name}\n", 1)
        yield prose


def _titles(folder: Path) -> set[str]:
    """What the first prose of an export may call the model: by its recipe, or by its run."""
    config = folder / "config.json"
    named = read_config(config)[0].name if config.is_file() else None
    return {named or folder.resolve().parent.name}
