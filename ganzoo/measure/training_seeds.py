"""A folder of training seeds: its finished runs, and their evaluations side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.engine.run.folder import unequal
from ganzoo.errors import CardError, UsageError, brief
from ganzoo.measure.evaluate import Evaluation
from ganzoo.measure.figures import MODES
from ganzoo.measure.measurement import FigureSpec, OverSeeds, across, deciding_key, median_of
from ganzoo.specs import read_config, read_seeds, seed_folder


@dataclass(frozen=True, repr=False)
class SeedEvaluations:
    """Evaluations of one recipe by training seed; the seed is None where there is only one."""

    source: str
    by_seed: Mapping[int | None, Evaluation]

    @property
    def first(self) -> Evaluation:
        """The first seed's, whose protocol all share."""
        return next(iter(self.by_seed.values()))

    @property
    def several(self) -> bool:
        """Whether there is more than one training seed."""
        return len(self.by_seed) > 1

    @property
    def median(self) -> int | None:
        """The seed that represents all: the median by the deciding figure."""
        seeds = [*self.by_seed]
        return seeds[median_of([one.figures for one in self.by_seed.values()])]

    @property
    def deciding(self) -> FigureSpec:
        """The figure that chooses the median."""
        key = deciding_key([one.figures for one in self.by_seed.values()])
        return self.first.figures[key].figure

    @property
    def notes(self) -> list[str]:
        """Every evaluation's notes, each once."""
        return [*dict.fromkeys(note for one in self.by_seed.values() for note in one.notes)]

    @property
    def rows(self) -> dict[FigureSpec, OverSeeds]:
        """Every figure over the training seeds, with all modes' figures where there are any."""
        specs = {
            key: one.figure
            for evaluation in self.by_seed.values()
            for key, one in evaluation.figures.items()
        }
        modes = {figure.key: figure for figure in MODES}
        if "high_quality" in specs:  # a mixture's
            specs = modes | specs
        return {
            figure: across([one.figures.get(key) for one in self.by_seed.values()])
            for key, figure in specs.items()
        }

    def __repr__(self) -> str:
        from ganzoo.measure.text import evaluation_text

        return evaluation_text(self)

    def value(self, key: str) -> float | None:
        """A figure's mean over the training seeds, by its key, such as `fd`."""
        return self._row(key).value

    def spread(self, key: str) -> float | None:
        """A figure's deviation over the training seeds."""
        return self._row(key).spread

    def floor(self, key: str) -> float | None:
        """A figure's value for as many real samples."""
        return self._row(key).floor

    def _row(self, key: str) -> OverSeeds:
        rows = {figure.key: row for figure, row in self.rows.items()}
        if key not in rows:
            raise UsageError(f"no figure {brief(key)} was measured; there are: {', '.join(rows)}")
        return rows[key]

    def record(self) -> dict[str, Any]:
        """All of it as JSON data."""
        record: dict[str, Any] = {"source": self.source, "protocol": self.first.protocol}
        if self.several:
            record |= {"seeds": [*self.by_seed], "median": self.median}
        record["figures"] = {
            figure.key: {**figure.record(self.first.extractor), **row.record()}
            for figure, row in self.rows.items()
        }
        if self.notes:
            record["notes"] = self.notes
        if self.first.extractor:
            record["reports"] = [evaluation.record() for evaluation in self.by_seed.values()]
        return record


def finished_runs(folder: Path) -> dict[int, Path]:
    """The runs of a folder of training seeds; `CardError` where one is unfinished or differs."""
    listed = read_seeds(folder)
    if listed is None:
        raise CardError(f"{folder} is no folder of training seeds: it has no seeds.json")
    runs = {seed: seed_folder(folder, seed) for seed in listed.seeds}
    unfinished = [str(run) for run in runs.values() if not (run / "export/config.json").is_file()]
    if unfinished:
        raise CardError(
            f"{', '.join(unfinished)} of {len(runs)} seeds not finished; continue with: "
            f"{listed.command}"
        )
    _check_same_recipe(runs)
    return runs


def _check_same_recipe(runs: Mapping[int, Path]) -> None:
    """Refuse seeds that were trained by another recipe, or for longer, than the first."""
    configs = {seed: read_config(run / "export/config.json")[0] for seed, run in runs.items()}
    first = next(iter(runs))
    for seed, config in configs.items():
        recipe = replace(configs[first].recipe, seed=seed)
        for key, (there, here) in unequal(replace(configs[first], recipe=recipe), config).items():
            raise CardError(
                f"{runs[seed]} is no other seed of {runs[first].name}'s recipe: {key} is {here!r}, "
                f"there {there!r}; train them with one recipe, or name one run"
            )
