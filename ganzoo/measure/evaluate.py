"""`evaluate`: the figures of a source, with their spread, floor, anchors and protocol."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from ganzoo.errors import UsageError, brief
from ganzoo.hardware import hardware, versions
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.measurement import Measurement, Measurements, common_keys
from ganzoo.measure.methods import InFeatures, Method
from ganzoo.measure.plugin_figures import PluginMeasuring
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import SampleSource
from ganzoo.specs import write_record
from ganzoo.terminal import Tell, silent

#: The numbers of samples and of sampling seeds that figures are published with.
SAMPLES, REPEATS = 10_000, 3
#: The number of samples that a quick check measures.
CHECKED = 1_000


@dataclass(frozen=True, repr=False)
class Evaluation:
    """All figures of a source, and how they were measured.

    `extractor` and what belongs to it are empty where samples were measured as they are; `told`
    states how labels or conditions were chosen.
    """

    source: str
    sha256: str | None
    extractor: str
    extractor_sha256: str
    feature_dim: int
    data: str
    data_hash: str
    real: int
    n: int
    seeds: tuple[int, ...]
    figures: Measurements
    notes: tuple[str, ...]
    seconds: float
    hardware: str
    versions: Mapping[str, str]
    told: str = ""
    protocol: str = ""

    def __repr__(self) -> str:
        from ganzoo.measure.text import evaluation_text
        from ganzoo.measure.training_seeds import SeedEvaluations

        return evaluation_text(SeedEvaluations(self.source, {None: self}))

    def value(self, key: str) -> float:
        """A figure's mean over the sampling seeds, by its key, such as `fd`."""
        return self._measurement(key).value

    def spread(self, key: str) -> float | None:
        """A figure's deviation over the sampling seeds; None for one of them."""
        return self._measurement(key).spread

    def floor(self, key: str) -> float | None:
        """A figure's value for as many real samples."""
        return self._measurement(key).floor

    def _measurement(self, key: str) -> Measurement:
        if key not in self.figures:
            there = ", ".join(self.figures)
            raise UsageError(f"no figure {brief(key)} was measured; there are: {there}")
        return self.figures[key]

    def record(self) -> dict[str, Any]:
        """All of it as JSON data."""
        figures = {
            key: {
                **one.figure.record(self.extractor),
                **one.record(),
                "anchors": dict(one.anchors),
            }
            for key, one in self.figures.items()
        }
        return {**write_record(replace(self, figures={})), "figures": figures}


def evaluate(
    source: SampleSource,
    method: Method,
    *,
    n: int = SAMPLES,
    seeds: tuple[int, ...] = tuple(range(REPEATS)),
    tell: Tell = silent,
) -> Evaluation:
    """Measure n samples of each sampling seed.

    Raises `MetricError` rather than return a figure that would be wrong.
    """
    began = time.monotonic()
    method.check(source, n)
    if source.size is not None:
        seeds = seeds[:1]  # a folder's images are the same for every seed
    rows, plugins = [], PluginMeasuring(method.plugin_figures)
    for seed in seeds:
        tell(f"{source.name}: {n:,} samples{f', seed {seed}' if len(seeds) > 1 else ''}")
        samples = SampleSet(source, n, seed, method.extractor)
        if method.plugin_figures.figures:
            samples.hold()
        rows.append(method.values(samples))
        plugins.add(samples)
    anchors, common = method.anchors(n), common_keys(rows)
    figures = {
        key: Measurement(
            figure,
            tuple(row[key] for row in rows),
            {name: values[key] for name, values in anchors.items() if key in values},
        )
        for key, figure in BY_KEY.items()
        if key in common
    }
    figures |= plugins.measurements(n, method.extractor)
    shown_seeds = () if source.size is not None else seeds
    about = method.real.about if isinstance(method, InFeatures) else None
    extractor = method.extractor
    return Evaluation(
        source=source.name,
        sha256=source.sha256,
        extractor=extractor.name if extractor else "",
        extractor_sha256=about.extractor_sha256 if about else "",
        feature_dim=extractor.feature_dim if extractor else 0,
        data=method.data_in_words,
        data_hash=about.data_hash if about else "",
        real=about.n if about else 0,
        n=n,
        seeds=shown_seeds,
        figures=figures,
        notes=(*method.notes(n), *plugins.notes, *source.notes),
        seconds=round(time.monotonic() - began, 1),
        hardware=hardware(_device_of(source, method)),
        versions=versions("torch-fidelity"),
        told=source.drawn_for,
        protocol=method.protocol(n, shown_seeds, source.drawn_for),
    )


def _device_of(source: SampleSource, method: Method) -> torch.device:
    if method.extractor is not None:
        device = next((p.device for p in method.extractor.parameters()), None)
    else:
        device = None if source.model is None else source.model.device
    return device or torch.device("cpu")
