"""Figures of models of points: how many of a Gaussian mixture's modes they have, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.cards import catalogue
from ganzoo.data.points import GaussianMixture
from ganzoo.evaluation.anchors import REAL
from ganzoo.evaluation.claims import metric_of
from ganzoo.evaluation.evaluate import Figures
from ganzoo.evaluation.real import drawn, splits
from ganzoo.evaluation.sources import ModelSource
from ganzoo.interfaces import Dataset
from ganzoo.metrics import count_modes
from ganzoo.parts import build
from ganzoo.specs import Metric, Part

#: Key to (name, what it is), the first of which chooses the median; DESIGN's ring and grid.
FIGURES = {
    "high_quality": ("high quality", "share of samples within 3 sigma of a mode"),
    "modes": ("modes", "modes that have such a sample"),
    "reverse_kl": ("reverse KL", "such samples' histogram over the modes to the even one, in nats"),
    "spread_ratio": ("spread ratio", "such samples' spread over a perfect sampler's"),
}
FIRST = "high_quality"

#: One model's figures by key.
Row = dict[str, Figures]


def mixture_of(part: Part) -> GaussianMixture | None:
    """The data set, where it is a mixture whose modes can be counted; no other one is built."""
    factory = catalogue().registry.find("dataset", part.name).resolve()
    if not isinstance(factory, type) or not issubclass(factory, GaussianMixture):
        return None
    data = build(Dataset, part)
    return data if isinstance(data, GaussianMixture) else None


def mode_figures(
    what: str | Path,
    mixture: GaussianMixture,
    data: Part,
    n: int,
    seeds: Sequence[int],
    device: str = "cpu",
) -> Row:
    """A model's figures over sampling seeds, each beside what as many real points have."""
    source = ModelSource(what, device)
    found = [_counted(torch.cat([*source.batches(n, seed)]), mixture) for seed in seeds]
    _, test = splits(data)
    real = _counted(test.batch(drawn(test, n))[0], mixture)
    rows = {}
    for key in FIGURES:
        values = tuple(row[key] for row in found if key in row)
        if len(values) == len(seeds):
            rows[key] = Figures(key, values, {REAL: real[key]} if key in real else {})
    return rows


def _counted(points: Tensor, mixture: GaussianMixture) -> dict[str, float]:
    """The figures that points have; two are undefined where none is near a mode."""
    found = asdict(count_modes(points, mixture.centres, mixture.sigma))
    return {key: float(value) for key, value in found.items() if value is not None}


def median_by_modes(rows: Sequence[Row]) -> int:
    """Which model is the median by the first figure; of an even number, the worse one."""
    order = sorted(range(len(rows)), key=lambda i: -rows[i][FIRST].value)
    return order[len(order) // 2]


def mode_protocol(mixture: GaussianMixture, data: str, n: int, seeds: Sequence[int]) -> str:
    """Against what modes were counted, and of which samples, in words."""
    which = f"s {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f" {seeds[0]}"
    modes = f"{len(mixture.centres)} modes of {data}, sigma {mixture.sigma:g}"
    return f"against the {modes}; n = {n:,}, sampling seed{which}"


def mode_metrics(
    rows: Sequence[Row], mixture: GaussianMixture, data: str, n: int, repeats: int, command: str
) -> tuple[Metric, ...]:
    """A card's figures, from those of each training seed."""
    shipped = median_by_modes(rows)
    protocol = mode_protocol(mixture, data, n, range(repeats))
    return tuple(
        metric_of(
            *FIGURES[key],
            [row[key] for row in rows],
            protocol=protocol,
            n=n,
            repeats=repeats,
            command=command,
            shipped=shipped,
        )
        for key in FIGURES
        if all(key in row for row in rows)
    )
