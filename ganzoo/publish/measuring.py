"""Measuring what is published: every training seed, and the shipped weights once more as a check.

For data that has no extractor there are modes to count and plugins' figures, or nothing; either way
it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import MetricError
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.measure.claims import (
    FIRST,
    card_metrics,
    check_from,
    check_of,
    extractor_of,
    metrics_of,
)
from ganzoo.measure.evaluate import CHECKED, REPEATS, SAMPLES, Report, Tell, evaluate, real_side
from ganzoo.measure.figures import known
from ganzoo.measure.real_side import shipped_or_made
from ganzoo.measure.sample_figures import Plan, measure_samples, plan_for
from ganzoo.measure.sources import ModelSource
from ganzoo.measure.spread import Figures, median_of
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
        own, control = extractors_of(data)
        name = self.extractor or own
        return [one for one in (name, control if name == own else None) if one]

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
    plan = plan_for(data)
    if not plan:
        bare = data.name.rpartition("/")[2]
        return _unmeasured(
            exports,
            f"nothing was measured: no extractor is made for {bare}; --extractor names one, such "
            "as inception-v3 or timm:MODEL for images",
            *plan.offered.notes,
        )
    return _as_they_are(exports, plan, again + effort.said(), effort, tell)


def measured_again(metric: Metric, config: ModelConfig, folder: Path, device: str = "cpu") -> float:
    """A card's figure, measured by its protocol of the model in another folder.

    Raises `MetricError` where nobody here knows how.
    """
    data, name = config.recipe.data, extractor_of(metric, config) or ""
    seeds = tuple(range(metric.repeats or 1))
    source = ModelSource(folder, device)
    if name:
        extractor = open_extractor(name).to(device)
        real = shipped_or_made(extractor, data)
        found = evaluate(source, extractor, real, n=metric.n, seeds=seeds).figures
    else:
        found, _ = measure_samples(source, plan_for(data), metric.n, seeds)
    for key, one in found.items():
        if known(key).name(name) == metric.name:
            return one.value
    raise MetricError(f"{metric.name} of {config.name}: its protocol is not known here")


def _unmeasured(exports: Mapping[int, Path], why: str, *notes: str) -> Measured:
    """No figures; of several seeds the first, which nothing chose."""
    first = next(iter(exports))
    chosen = f"; of {len(exports)} training seeds the first is shipped, seed {first}"
    return Measured((), (), first, (why + (chosen if len(exports) > 1 else ""), *notes))


def _as_they_are(
    exports: Mapping[int, Path], plan: Plan, command: str, effort: Effort, tell: Tell
) -> Measured:
    """Figures of samples for which there is no extractor: modes, and what plugins offer."""
    rows, notes, seeds = [], dict[str, None](), range(effort.repeats)
    for seed, folder in exports.items():
        tell(f"seed {seed}: {effort.n:,} samples of each of {effort.repeats} sampling seeds")
        row, why = measure_samples(ModelSource(folder, effort.device), plan, effort.n, seeds)
        rows.append(row)
        notes |= dict.fromkeys(why)
    shipped = median_of(rows)
    metrics = card_metrics(
        rows,
        extractor="",
        protocol=plan.protocol(effort.n, seeds),
        n=effort.n,
        repeats=effort.repeats,
        command=command,
        shipped=shipped,
    )
    seed = list(exports)[shipped]
    checks = _checks_as_they_are(rows[shipped], plan, effort.n)
    bare = plan.data.name.rpartition("/")[2]
    what = "modes were counted" if plan.mixture else "samples were measured as they are"
    none = "" if checks else "; so the card has no checks"
    return Measured(
        metrics, checks, seed, (f"{what}, as no extractor is made for {bare}{none}", *notes)
    )


def _checks_as_they_are(row: Mapping[str, Figures], plan: Plan, n: int) -> tuple[Check, ...]:
    """What the shipped weights score by plugins' figures, under the first sampling seed.

    Modes are not checked: their number changes by one where a single point crosses a line.
    """
    first = {key: Figures(key, one.values[:1]) for key, one in row.items() if known(key).plugin}
    if not first or plan.data.arguments:
        return ()
    data = plan.data.name.rpartition("/")[2]
    return (check_from(first, extractor="", data=data, n=n, seed=0),)


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
    shipped = median_of([report.figures for report in reports])
    metrics = [*metrics_of(reports, f"{trained}{effort.said()}{asked}", shipped=shipped)]
    for name in controls:
        beside = _reports(exports, data, name, effort, tell, plugins=False)
        command = f"{trained}{effort.said()} --extractor {name}"
        metrics.append(metrics_of(beside, command, shipped=shipped)[0])
    seed = list(exports)[shipped]
    checks = _checks(exports[seed], data, names, effort, tell)
    said = f"measured in features of {' and, as a control, '.join(names)}"
    notes = dict.fromkeys(note for report in reports for note in report.notes)
    return Measured(tuple(metrics), checks, seed, (said, *notes))


def _reports(
    exports: Mapping[int, Path],
    data: Part,
    name: str,
    effort: Effort,
    tell: Tell,
    *,
    plugins: bool = True,
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
            plugins=plugins,
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
        whole = _check(source, name, data, effort.n, effort, plugins=False)
        first = {FIRST: whole.values[FIRST]}
        found.append(replace(whole, values=first, tolerance={FIRST: whole.tolerance[FIRST]}))
    return tuple(found)


def _check(
    source: ModelSource, name: str, data: Part, n: int, effort: Effort, *, plugins: bool = True
) -> Check:
    """One of the checks."""
    extractor = open_extractor(name).to(effort.device)
    real = shipped_or_made(extractor, data)
    return check_of(evaluate(source, extractor, real, n=n, seeds=(0,), plugins=plugins))
