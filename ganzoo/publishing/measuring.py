"""Measuring what is published: every training seed, and the shipped weights once more as a check.

For data that has no extractor there are modes to count, or nothing; either way it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import MetricError
from ganzoo.evaluation.claims import FIRST, check_of, extractor_of, median_of, metrics_of
from ganzoo.evaluation.evaluate import (
    CHECKED,
    CONTROLS,
    EXTRACTORS,
    REPEATS,
    SAMPLES,
    Report,
    Tell,
    evaluate,
    real_side,
)
from ganzoo.evaluation.figures import BY_KEY
from ganzoo.evaluation.real import shipped_or_made
from ganzoo.evaluation.sources import ModelSource
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Dataset
from ganzoo.parts import qualify
from ganzoo.publishing.modes import median_by_modes, mixture_of, mode_figures, mode_metrics
from ganzoo.specs import Check, Metric, ModelConfig, Part


@dataclass(frozen=True)
class Effort:
    """How a model is measured: samples, sampling seeds, and whose features; None the data's own."""

    n: int = SAMPLES
    repeats: int = REPEATS
    extractor: str | None = None
    measure: bool = True
    device: str = "cpu"

    def extractors(self, data: Part) -> list[str]:
        """The extractor for a data set and its control, as far as there are any."""
        name = self.extractor or EXTRACTORS.get(qualify(Dataset, data).name)
        return [one for one in (name, CONTROLS.get(name or "")) if one]

    def said(self) -> str:
        """What a command says of it beyond the defaults."""
        count = "" if self.n == SAMPLES else f" -n {self.n}"
        return count + ("" if self.repeats == REPEATS else f" --repeats {self.repeats}")


@dataclass(frozen=True)
class Measured:
    """A card's figures and checks, the training seed that they chose, and what to know."""

    metrics: tuple[Metric, ...]
    checks: tuple[Check, ...]
    shipped: int
    notes: tuple[str, ...]


def measure(
    exports: Mapping[int, Path], data: Part, again: str, effort: Effort, tell: Tell
) -> Measured:
    """Measure all training seeds of one recipe; `again` is the command that would do so."""
    if not effort.measure:
        return _unmeasured(exports, "nothing was measured, as was asked")
    if names := effort.extractors(data):
        return _in_features(exports, data, names, again, effort, tell)
    bare = data.name.rpartition("/")[2]
    if (mixture := mixture_of(data)) is None:
        return _unmeasured(
            exports,
            f"nothing was measured: no extractor is made for {bare}; --extractor names one, such "
            "as inception-v3 or timm:MODEL for images",
        )
    rows = []
    for seed, folder in exports.items():
        tell(f"seed {seed}: {effort.n:,} points of each of {effort.repeats} sampling seeds")
        seeds = range(effort.repeats)
        rows.append(mode_figures(folder, mixture, data, effort.n, seeds, effort.device))
    command = again + effort.said()
    metrics = mode_metrics(rows, mixture, bare, effort.n, effort.repeats, command)
    shipped = list(exports)[median_by_modes(rows)]
    note = f"modes were counted, as no extractor is made for {bare}; so the card has no checks"
    return Measured(metrics, (), shipped, (note,))


def measured_again(metric: Metric, config: ModelConfig, folder: Path, device: str = "cpu") -> float:
    """A card's figure, measured by its protocol of the model in another folder.

    Raises `MetricError` where nobody here knows how.
    """
    data, repeats = config.recipe.data, metric.repeats or 1
    if name := extractor_of(metric, config):
        key = next((k for k, one in BY_KEY.items() if one.name(name) == metric.name), None)
        if key is not None:
            extractor = open_extractor(name).to(device)
            real = shipped_or_made(extractor, data)
            seeds = tuple(range(repeats))
            report = evaluate(ModelSource(folder, device), extractor, real, n=metric.n, seeds=seeds)
            return report.figures[key].value
    elif (mixture := mixture_of(data)) is not None:
        rows = mode_figures(folder, mixture, data, metric.n, range(repeats), device)
        for one in mode_metrics([rows], mixture, "", metric.n, repeats, ""):
            if one.name == metric.name:
                return one.value
    raise MetricError(f"{metric.name} of {config.name}: its protocol is not known here")


def _unmeasured(exports: Mapping[int, Path], why: str) -> Measured:
    """No figures; of several seeds the first, which nothing chose."""
    first = next(iter(exports))
    chosen = f"; of {len(exports)} training seeds the first is shipped, seed {first}"
    return Measured((), (), first, (why + (chosen if len(exports) > 1 else ""),))


def _in_features(
    exports: Mapping[int, Path],
    data: Part,
    names: list[str],
    trained: str,
    effort: Effort,
    tell: Tell,
) -> Measured:
    """Figures in the features of the first extractor, and the first of them in its control's."""
    primary, *controls = names
    asked = f" --extractor {primary}" if effort.extractor else ""
    reports = _reports(exports, data, primary, effort, tell)
    shipped = median_of(reports)
    metrics = [*metrics_of(reports, f"{trained}{effort.said()}{asked}", shipped=shipped)]
    for name in controls:
        beside = _reports(exports, data, name, effort, tell)
        command = f"{trained}{effort.said()} --extractor {name}"
        metrics.append(metrics_of(beside, command, shipped=shipped)[0])
    seed = list(exports)[shipped]
    checks = _checks(exports[seed], data, names, effort, tell)
    said = f"measured in features of {' and, as a control, '.join(names)}"
    return Measured(tuple(metrics), checks, seed, (said, *reports[0].notes))


def _reports(
    exports: Mapping[int, Path], data: Part, name: str, effort: Effort, tell: Tell
) -> list[Report]:
    """A report of each training seed on one extractor's features."""
    extractor = open_extractor(name).to(effort.device)
    real, floors = real_side(extractor, data, effort.n, tell=tell)
    reports = []
    for seed, folder in exports.items():
        report = evaluate(
            ModelSource(folder, effort.device),
            extractor,
            real,
            n=effort.n,
            seeds=tuple(range(effort.repeats)),
            floors=floors,
            tell=lambda text, seed=seed: tell(f"training seed {seed}, {name}: {text}"),  # type: ignore[misc]
        )
        reports.append(report)
    return reports


def _checks(
    folder: Path, data: Part, names: list[str], effort: Effort, tell: Tell
) -> tuple[Check, ...]:
    """What the shipped weights score, few samples and many, from the package's statistics.

    Of the controls only what the card has of them. Checks go by a data set's bare name, so there
    are none where it took arguments.
    """
    if data.arguments:
        return ()
    tell("what the shipped weights score, to be checked elsewhere")
    source, (primary, *controls) = ModelSource(folder, effort.device), names
    found = [
        _check(source, primary, data, n, effort) for n in sorted({min(CHECKED, effort.n), effort.n})
    ]
    for name in controls:
        whole = _check(source, name, data, effort.n, effort)
        first = {FIRST: whole.values[FIRST]}
        found.append(replace(whole, values=first, tolerance={FIRST: whole.tolerance[FIRST]}))
    return tuple(found)


def _check(source: ModelSource, name: str, data: Part, n: int, effort: Effort) -> Check:
    """One of the checks."""
    extractor = open_extractor(name).to(effort.device)
    report = evaluate(source, extractor, shipped_or_made(extractor, data), n=n, seeds=(0,))
    return check_of(report)
