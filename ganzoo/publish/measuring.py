"""Measuring what is published: every training seed, and checks of the weights that are shipped.

Data without an extractor has modes to count, plugins' figures or nothing; a note tells which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Extractor
from ganzoo.measure.card_figures import card_metrics, check_of
from ganzoo.measure.evaluate import CHECKED, REPEATS, SAMPLES, Evaluation, evaluate
from ganzoo.measure.measurement import median_of
from ganzoo.measure.methods import AsTheyAre, InFeatures, Method, in_features
from ganzoo.measure.real_statistics import shipped_or_made
from ganzoo.measure.sources import ModelSource
from ganzoo.specs import Check, Metric, Part
from ganzoo.terminal import Tell, said_once

#: The figure that a card states in features of the control.
CONTROL_FIGURE = "fd"


@dataclass(frozen=True)
class Effort:
    """How to measure: samples, sampling seeds, and the extractor (None: the data set's own)."""

    n: int = SAMPLES
    repeats: int = REPEATS
    extractor: str | None = None
    measure: bool = True
    device: str = "cpu"

    def extractors(self, data: Part) -> list[str]:
        """The extractor for a data set and its control, where there are any."""
        own, control = extractors_of(data)
        name = self.extractor or own
        return [one for one in (name, control if name == own else None) if one]

    @property
    def options(self) -> str:
        """The options of `ganzoo eval` that differ from the defaults."""
        count = "" if self.n == SAMPLES else f" -n {self.n}"
        return count + ("" if self.repeats == REPEATS else f" --repeats {self.repeats}")


@dataclass(frozen=True)
class Measured:
    """A card's figures and checks, the training seed that they chose, and notes."""

    metrics: tuple[Metric, ...]
    checks: tuple[Check, ...]
    shipped: int
    notes: tuple[str, ...]


def measure(
    exports: Mapping[int, Path], data: Part, command: str, effort: Effort, tell: Tell
) -> Measured:
    """Measure all training seeds of one recipe; `command` repeats it."""
    if not effort.measure:
        return _unmeasured(exports, "nothing was measured, as requested")
    with said_once():
        return _measured(exports, data, command, effort, tell)


def _measured(
    exports: Mapping[int, Path], data: Part, command: str, effort: Effort, tell: Tell
) -> Measured:
    names, command = effort.extractors(data), command + effort.options
    method = None if names else AsTheyAre(data)
    if method is not None and not method:
        return _unmeasured(
            exports,
            f"nothing was measured: no extractor is made for {data.bare_name}; --extractor names "
            "one, such as inception-v3 or timm:MODEL for images",
            *method.plugin_figures.notes,
        )
    sources = {seed: ModelSource(folder, effort.device) for seed, folder in exports.items()}
    if method is None:
        return _in_features(sources, data, names, command, effort, tell)
    return _as_they_are(sources, method, command, effort, tell)


def _unmeasured(exports: Mapping[int, Path], why: str, *notes: str) -> Measured:
    """No figures; the first of several seeds, as nothing chooses another."""
    first = next(iter(exports))
    chosen = f"; of {len(exports)} training seeds the first is shipped, seed {first}"
    return Measured((), (), first, (why + (chosen if len(exports) > 1 else ""), *notes))


def _as_they_are(
    sources: Mapping[int, ModelSource], method: AsTheyAre, command: str, effort: Effort, tell: Tell
) -> Measured:
    """Figures of samples whose data has no extractor.

    Only plugins' figures are checked: a number of modes changes by one where a single point crosses
    a line.
    """
    evaluations = _evaluations(sources, method, effort, tell)
    shipped = median_of([one.figures for one in evaluations])
    chosen, checks = evaluations[shipped], tuple[Check, ...]()
    from_plugins = {key: one for key, one in chosen.figures.items() if one.figure.plugin}
    if from_plugins and is_the_same_everywhere(method.data):
        checks = (check_of(chosen, method.data, from_plugins),)
    what = "modes were counted" if method.counting else "samples were measured as they are"
    note = f"{what}, as no extractor is made for {method.data.bare_name}"
    return Measured(
        card_metrics(evaluations, command, shipped=shipped),
        checks,
        [*sources][shipped],
        (note if checks else f"{note}; so the card has no checks", *_notes(evaluations)),
    )


def _in_features(
    sources: Mapping[int, ModelSource],
    data: Part,
    names: list[str],
    command: str,
    effort: Effort,
    tell: Tell,
) -> Measured:
    """Figures in features of the first extractor, and the first figure in its control's."""
    extractors = {name: open_extractor(name).to(effort.device) for name in names}
    primary, *controls = names
    method = in_features(extractors[primary], data, effort.n, tell=tell)
    evaluations = _evaluations(sources, method, effort, tell)
    shipped = median_of([one.figures for one in evaluations])
    asked = f" --extractor {primary}" if effort.extractor else ""
    metrics = [*card_metrics(evaluations, command + asked, shipped=shipped)]
    for name in controls:
        method = in_features(extractors[name], data, effort.n, plugins=False, tell=tell)
        beside = _evaluations(sources, method, effort, tell)
        metrics.append(card_metrics(beside, f"{command} --extractor {name}", shipped=shipped)[0])
    seed = [*sources][shipped]
    checks = _checks(sources[seed], data, extractors, effort, tell)
    note = f"measured in features of {' and, as a control, '.join(names)}"
    return Measured(tuple(metrics), checks, seed, (note, *_notes(evaluations)))


def _evaluations(
    sources: Mapping[int, ModelSource], method: Method, effort: Effort, tell: Tell
) -> list[Evaluation]:
    """An evaluation of each training seed."""
    beside = f", {method.extractor.name}" if method.extractor else ""
    return [
        evaluate(
            source,
            method,
            n=effort.n,
            seeds=tuple(range(effort.repeats)),
            tell=lambda text, seed=seed: tell(f"training seed {seed}{beside}: {text}"),  # type: ignore[misc]
        )
        for seed, source in sources.items()
    ]


def _notes(evaluations: list[Evaluation]) -> list[str]:
    """Every evaluation's notes, each once."""
    return [*dict.fromkeys(note for one in evaluations for note in one.notes)]


def is_the_same_everywhere(data: Part) -> bool:
    """Whether a data set is known by its name and arguments, and not by a path on this machine."""
    return "path" not in data.arguments


def _checks(
    source: ModelSource,
    data: Part,
    extractors: Mapping[str, Extractor],
    effort: Effort,
    tell: Tell,
) -> tuple[Check, ...]:
    """What the shipped weights score, for few samples and many, by the package's statistics.

    A control checks the one figure that the card states. There are none if the data are somebody's
    own files.
    """
    if not is_the_same_everywhere(data):
        return ()
    tell("what the shipped weights score, to be checked elsewhere")
    checks: list[Check] = []
    for number, extractor in enumerate(extractors.values()):
        is_control = number > 0
        method = InFeatures(extractor, shipped_or_made(extractor, data), plugins=not is_control)
        counts = {effort.n} if is_control else {min(CHECKED, effort.n), effort.n}
        for n in sorted(counts):
            evaluation = evaluate(source, method, n=n, seeds=(0,))
            figures = evaluation.figures
            if is_control:
                figures = {key: one for key, one in figures.items() if key == CONTROL_FIGURE}
            checks.append(check_of(evaluation, data, figures))
    return tuple(checks)
