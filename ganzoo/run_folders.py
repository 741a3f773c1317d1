"""Runs on the disk: what each trained, its progress and its figures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ganzoo.cards.card import RUN_LOCK
from ganzoo.errors import GanzooError, UnknownNameError, UsageError
from ganzoo.files import is_locked
from ganzoo.notebooks import image, paragraph
from ganzoo.notebooks import table as html_table
from ganzoo.specs import SEEDS_FILE, ModelConfig, Recipe, networks_and_recipe, read_config
from ganzoo.specs.reading import flatten
from ganzoo.terminal import table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganzoo.views import View
    from ganzoo.zoo import Model

#: Keys of a recipe that do not tell two runs apart.
NOT_COMPARED = ("recipe.seed",)
#: A table of runs shows so many keys that differ; `Runs.differences` has all of them.
MOST_COLUMNS = 5


@dataclass(frozen=True)
class Run:
    """One training in its folder.

    Everything is read from the folder on access, so that a running training shows its progress.
    Raises `GanzooError` where the folder contains no run.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        if not (self.folder / "config.json").is_file() or not is_run(self.folder):
            raise UsageError(
                f"{self.folder} contains no run: there is no training's config.json in it"
            )

    @cached_property
    def config(self) -> ModelConfig:
        """What is trained: networks and recipe, with everything filled in."""
        return read_config(self.folder / "config.json")[0]

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.config.recipe

    @property
    def settings(self) -> dict[str, object]:
        """Networks and recipe by their keys' dotted names, such as `recipe.loss.name`."""
        return flatten(networks_and_recipe(self.config))

    @property
    def name(self) -> str:
        """The folder's name; for one training seed among several, `NAME/seed-K`."""
        folder = self.folder.resolve()
        is_seed = (folder.parent / SEEDS_FILE).is_file()
        return f"{folder.parent.name}/{folder.name}" if is_seed else folder.name

    @property
    def state(self) -> str:
        """`finished`, `running` (a process trains there now) or `stopped`."""
        if is_locked(self.folder / RUN_LOCK):
            return "running"
        export = self.folder / "export" / "config.json"
        if export.is_file() and read_config(export)[0].recipe.images >= self.recipe.images:
            return "finished"
        return "stopped"

    @property
    def images(self) -> int:
        """Real images seen so far, by the last row of figures, grid or checkpoint."""
        rows = [int(row["images"]) for row in self.metrics[-1:]]
        drawn = [int(path.stem) for path in self.samples[-1:]]
        return max([*rows, *drawn, *(int(path.name) for path in self._checkpoints())], default=0)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl: each a mapping with `images` and the means since the last."""
        return _rows(self.folder / "metrics.jsonl")

    @property
    def journal(self) -> list[dict[str, Any]]:
        """What happened and when: each event with its `time`, `images` and `event`.

        Events are `started`, `resumed`, `pace` (images per second, with each row of figures), `ill`
        (with what the health check found as `text`), `rolled back`, `finished`, `interrupted` and
        `failed`. It is in the order of time; a resumed run repeats images.
        """
        return _rows(self.folder / "journal.jsonl")

    @property
    def scenes(self) -> list[Path]:
        """For points of the plane: scenes of the game, the oldest first (docs/watching.md)."""
        folder = self.folder / "scenes"
        return sorted(path for path in folder.glob("*.safetensors") if path.stem.isdigit())

    @property
    def samples(self) -> list[Path]:
        """The grids and other samples that were drawn on the way, the oldest first.

        Of samples that are heard, such as music, an .npz beside a grid holds the first few as
        numbers, `samples` [n, *S].
        """
        folder = self.folder / "samples"
        return sorted(path for path in folder.glob("*") if path.stem.isdigit())

    def view(self, sample_shape: tuple[int, ...]) -> View | None:
        """What samples of this shape are to the eye and ear, as `Writer.view` says."""
        from ganzoo.writers.by_kind import writer_of

        try:
            return writer_of(self.config.kind).view(sample_shape, self.config.legend)
        except UnknownNameError:
            return None

    @property
    def model(self) -> Model:
        """The finished model, or the average in the last good checkpoint."""
        from ganzoo.zoo import load

        return load(self.folder.resolve())

    def frame(self) -> Any:
        """The rows of figures as a pandas DataFrame, indexed by images seen."""
        try:
            import pandas  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise GanzooError("run.frame() needs pandas; pip install pandas") from None
        rows = self.metrics
        frame = pandas.DataFrame(rows)
        return frame.set_index("images") if rows else frame

    def plot(self, *names: str) -> Figure:
        """A matplotlib Figure of metrics over the images seen, with a panel for each name.

        A name is a metric's, such as `accuracy.real`, or stands for all below it, as `accuracy`
        does. Without names: the loss's terms, accuracies and diversity.
        """
        return plot([self], *names)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.state}, {self.images:,} images)"

    def _repr_html_(self) -> str:
        state = f"{self.state}, {self.images:,} of {self.recipe.images:,} images, {self.folder}"
        return paragraph(state, title=self.name) + self._grid() + self._curves()

    def _repr_png_(self) -> bytes | None:
        """The newest grid; None before the first, and for other data than pictures."""
        grids = [path for path in self.samples if path.suffix == ".png"]
        return grids[-1].read_bytes() if grids else None

    def _grid(self) -> str:
        picture = self._repr_png_()
        return "" if picture is None else image(picture)

    def _curves(self) -> str:
        """The plot for a page; nothing without matplotlib or without figures."""
        if find_spec("matplotlib") is None or not self.metrics:
            return ""
        file = io.BytesIO()
        self.plot().savefig(file, format="png")
        return image(file.getvalue(), alt="curves of the training")

    def _checkpoints(self) -> Iterator[Path]:
        places = (self.folder / "checkpoints").glob("*")
        return (path for path in places if path.name.isdigit() and path.is_dir())


class Runs(Sequence[Run]):
    """Several runs, to be compared: a sequence of `Run`s that prints as a table."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = list(runs)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | slice) -> Run | Runs:
        """Run number `index`, or those of a slice."""
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def differences(self) -> dict[str, list[object]]:
        """The keys in which the recipes differ, with each run's value."""
        recipes = [run.settings for run in self._runs]
        keys = {key: None for recipe in recipes for key in recipe if key not in NOT_COMPARED}
        values = {key: [recipe.get(key) for recipe in recipes] for key in keys}
        return {key: each for key, each in values.items() if any(v != each[0] for v in each)}

    def records(self) -> list[dict[str, Any]]:
        """Each run as a mapping: name, folder, state, images, seed, differences, last figures."""
        differences = self.differences()
        return [
            {
                "name": run.name,
                "folder": str(run.folder),
                "state": run.state,
                "images": run.images,
                "of": run.recipe.images,
                "seed": run.recipe.seed,
                "differences": {key: values[place] for key, values in differences.items()},
                "metrics": (run.metrics or [{}])[-1],
            }
            for place, run in enumerate(self._runs)
        ]

    def plot(self, *names: str) -> Figure:
        """A matplotlib Figure of the runs' metrics, with a panel for each; names as in `Run.plot`.

        The runs of one folder of seeds share a line, their mean, and a band from the least to the
        most.
        """
        return plot(self._runs, *names)

    def __repr__(self) -> str:
        return table(*self._cells()) if self._runs else "no runs"

    def _repr_html_(self) -> str:
        return html_table(*self._cells())

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        """The table's header and rows."""
        records = self.records()
        keys = sorted(self.differences().keys() - {"recipe.images"}, key=_rank)[:MOST_COLUMNS]
        header = ["RUN", "STATE", "IMAGES", "SEED", *(key.removeprefix("recipe.") for key in keys)]
        rows = [
            [
                record["folder"],
                record["state"],
                f"{min(record['images'], record['of']):,} of {record['of']:,}",  # whole turns
                str(record["seed"]),
                *(_cell(record["differences"][key]) for key in keys),
            ]
            for record in records
        ]
        return header, rows


def runs(*folders: str | Path) -> Runs:
    """The runs in folders and in the folders below them: each folder's by name.

    Raises `UsageError` where there is no such folder.
    """
    roots = [Path(folder).expanduser() for folder in folders]
    for root in roots:
        if not root.is_dir():
            raise UsageError(f"there is no folder {root}")
    places = [place for root in roots for place in sorted(_run_folders(root))]
    return Runs([Run(place) for place in dict.fromkeys(places)])


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a training, finished or not."""
    return (folder / "config.json").is_file() and any(
        (folder / name).exists() for name in ("checkpoints", "export", RUN_LOCK)
    )


def plot(runs: Sequence[Run], *names: str) -> Figure:
    """Metrics of runs over the images seen; the runs of one folder of seeds are one training."""
    from ganzoo import run_plots

    trainings: dict[str, list[list[dict[str, Any]]]] = {}
    for run in runs:
        trainings.setdefault(run.name.rpartition("/")[0] or run.name, []).append(run.metrics)
    return run_plots.plot(trainings, names)


def _rows(path: Path) -> list[dict[str, Any]]:
    """A file's lines of JSON, each with `images`; none where there is no such file."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # cut off when the run ended
        if isinstance(row, dict) and "images" in row:
            rows.append(row)
    return rows


def _run_folders(root: Path) -> Iterator[Path]:
    """The folders of runs in a folder; nothing is looked for inside a run."""
    if is_run(root):
        yield root
        return
    for place in root.iterdir():
        if place.is_dir() and not place.name.startswith("."):
            yield from _run_folders(place)


def _rank(key: str) -> tuple[bool, int, str]:
    """Sorts keys as people look at them: names of parts first, then the least nested."""
    return not key.endswith(".name"), key.count("."), key


def _cell(value: object) -> str:
    """A recipe's value in a table; empty where the run's recipe lacks it."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
