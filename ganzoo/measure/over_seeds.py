"""Figures of several training seeds: each one's report, their mean, spread and median."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.engine.run.folder import unequal
from ganzoo.errors import CardError
from ganzoo.measure.evaluate import Report
from ganzoo.measure.figures import known
from ganzoo.measure.spread import Across, Figures, common, first_of, median_of, over_seeds
from ganzoo.specs import read_config, read_seeds, seed_folder


@dataclass(frozen=True)
class Several:
    """Reports of one recipe's training seeds, by seed."""

    seeds: tuple[int, ...]
    reports: tuple[Report, ...]

    @property
    def median(self) -> int:
        """The seed that stands for all: the median by the first figure."""
        return self.seeds[median_of(self.rows)]

    @property
    def rows(self) -> list[Mapping[str, Figures]]:
        """Each training seed's figures by key."""
        return [report.figures for report in self.reports]

    @property
    def keys(self) -> list[str]:
        """The figures that all training seeds have."""
        return common(self.rows)

    @property
    def first(self) -> str:
        """The key of the figure by which the median is chosen."""
        return first_of(self.rows)

    def row(self, key: str) -> Across:
        """A figure over training seeds."""
        return over_seeds([row[key].value for row in self.rows])

    def data(self) -> dict[str, object]:
        """All of it as JSON data."""
        from ganzoo.measure.reports import as_data

        rows = {}
        for key in self.keys:
            row, name = self.row(key), known(key).name(self.reports[0].extractor)
            rows[key] = {
                "name": name,
                "value": row.value,
                "spread": row.spread,
                "values": list(row.values),
            }
        return {
            "seeds": list(self.seeds),
            "median": self.median,
            "figures": rows,
            "reports": [as_data(report) for report in self.reports],
        }


def finished_runs(folder: Path) -> dict[int, Path]:
    """The runs of a folder of seeds, by seed; `CardError` where one isn't finished, or unlike."""
    found = read_seeds(folder)
    if found is None:
        raise CardError(f"{folder} is no folder of training seeds: it holds no seeds.json")
    runs = {seed: seed_folder(folder, seed) for seed in found.seeds}
    unfinished = [str(run) for run in runs.values() if not (run / "export/config.json").is_file()]
    if unfinished:
        raise CardError(
            f"{', '.join(unfinished)} of {len(runs)} seeds not finished; go on with: "
            f"{found.command}"
        )
    _check_alike(runs)
    return runs


def _check_alike(runs: Mapping[int, Path]) -> None:
    """Refuse seeds of which one is of another recipe, or another length, than the first."""
    configs = {seed: read_config(run / "export/config.json")[0] for seed, run in runs.items()}
    first = next(iter(runs))
    for seed, config in configs.items():
        recipe = replace(configs[first].recipe, seed=seed)
        for key, (there, here) in unequal(replace(configs[first], recipe=recipe), config).items():
            raise CardError(
                f"{runs[seed]} is no other seed of {runs[first].name}'s recipe: {key} is {here!r}, "
                f"there {there!r}; train them alike, or name one run"
            )


def several(seeds: Sequence[int], reports: Sequence[Report]) -> Several:
    """Put reports side by side."""
    return Several(tuple(seeds), tuple(reports))
