"""Figures of samples as they are, where no extractor is made for their data.

Of a Gaussian mixture the modes are counted; beside them stand plugins' figures that need no
extractor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganzoo.build import build, factory_of
from ganzoo.data.points import GaussianMixture
from ganzoo.data.splits import drawn, splits
from ganzoo.interfaces import Dataset
from ganzoo.measure.core_figures import counted
from ganzoo.measure.draws import Sampled
from ganzoo.measure.figures import MODES
from ganzoo.measure.plugin_figures import Offered, offered_for
from ganzoo.measure.sources import Source
from ganzoo.measure.spread import REAL, Figures
from ganzoo.specs import Part


@dataclass(frozen=True)
class Plan:
    """What is measured of a data set's samples: its modes where it has any, and plugins' figures.

    `protocol` says against what, in words; `notes` why plugins' other figures are left out.
    """

    data: Part
    mixture: GaussianMixture | None
    offered: Offered

    def __bool__(self) -> bool:
        """Whether there is anything to measure."""
        return self.mixture is not None or bool(self.offered.figures)

    def protocol(self, n: int, seeds: Sequence[int]) -> str:
        """Against what is measured, and of which samples, in words."""
        which = f"s {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f" {seeds[0]}"
        bare = self.data.name.rpartition("/")[2]
        against = f"beside real samples of {bare}"
        if self.mixture is not None:
            modes, sigma = len(self.mixture.centres), self.mixture.sigma
            against = f"against the {modes} modes of {bare}, sigma {sigma:g}"
        return f"{against}; n = {n:,}, sampling seed{which}"


def plan_for(data: Part) -> Plan:
    """What can be measured of a data set's samples without an extractor."""
    return Plan(data, mixture_of(data), offered_for(data).without_extractor())


def mixture_of(part: Part) -> GaussianMixture | None:
    """The data set, where it is a mixture whose modes can be counted; no other one is built."""
    factory = factory_of(Dataset, part)
    if not isinstance(factory, type) or not issubclass(factory, GaussianMixture):
        return None
    data = build(Dataset, part)
    return data if isinstance(data, GaussianMixture) else None


def measure_samples(
    source: Source, plan: Plan, n: int, seeds: Sequence[int]
) -> tuple[dict[str, Figures], list[str]]:
    """A source's figures over sampling seeds, each beside its floor, and why some are left out."""
    rows, added = [], plan.offered.measuring()
    for seed in seeds:
        sampled = Sampled(source, n, seed)
        sampled.hold()
        if plan.mixture is not None:
            rows.append(counted(sampled.samples, plan.mixture))
        added.add(sampled)
    modes = {} if plan.mixture is None else _of_modes(rows, plan.mixture, plan.data, n)
    return modes | added.figures(n), added.notes


def _of_modes(
    rows: Sequence[dict[str, float]], mixture: GaussianMixture, data: Part, n: int
) -> dict[str, Figures]:
    """The figures that there are under every sampling seed, beside those of as many real points."""
    _, test = splits(data)
    real = counted(test.batch(drawn(test, n))[0], mixture)
    return {
        figure.key: Figures(
            figure.key,
            tuple(row[figure.key] for row in rows),
            {REAL: real[figure.key]} if figure.key in real else {},
        )
        for figure in MODES
        if all(figure.key in row for row in rows)
    }
