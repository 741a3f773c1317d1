"""What plugins' figures give: which of them apply, each one's value, and its floor.

One that fails is left out with a line that says so, and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import TypeAlias

from torch import Tensor

from ganzoo.data.splits import drawn, splits
from ganzoo.errors import GanzooError, MetricError, brief, one_line
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.draws import NEEDS, Drawn, Rows, Sampled
from ganzoo.measure.figures import Known, left_out, offered
from ganzoo.measure.real_side import is_here
from ganzoo.measure.spread import REAL, Figures
from ganzoo.specs import Part

#: Training and test samples.
Splits: TypeAlias = tuple[Dataset, Dataset]


@dataclass(frozen=True)
class Offered:
    """The plugins' figures of one data set, its real samples, and why others are left out."""

    figures: tuple[Known, ...] = ()
    real: Splits | None = None
    notes: tuple[str, ...] = ()

    def without_extractor(self) -> Offered:
        """Those that need none."""
        kept = [one for one in self.figures if not one.named_after]
        return replace(self, figures=tuple(kept))

    def beside(self, sampled: Sampled, extractor: Extractor | None = None) -> Sampled:
        """Samples with real ones beside them, shown to an extractor where one is named."""
        real = None if self.real is None else self.real[1]
        return replace(sampled, real=real, extractor=extractor or sampled.extractor)

    def measuring(self) -> Measuring:
        """Begin to measure them."""
        return Measuring(self)

    def real_samples(self, figure: Known, n: int, extractor: Extractor | None = None) -> Sampled:
        """Real samples in place of a model's: test ones, or training ones where it looks at those.

        N of them, or as many as there are.
        """
        if self.real is None:
            raise MetricError(f"metric {figure.key}: there are no real samples here")
        train, test = self.real
        split = train if "real" in figure.needs else test
        rows = drawn(split, n)
        source = Rows(split, rows, "real samples")
        return Sampled(source, len(rows), 0, extractor, test)


class Measuring:
    """Plugins' figures of one source, draw by draw; one that fails is left out from there."""

    def __init__(self, offered: Offered) -> None:
        self.offered, self.notes = offered, [*offered.notes]
        self._values: dict[str, tuple[float, ...]] = {one.key: () for one in offered.figures}
        self._real: dict[bool, Sampled] = {}

    def add(self, sampled: Sampled) -> None:
        """Measure the samples of one more sampling seed."""
        sampled = self.offered.beside(sampled)
        for figure in self._left():
            try:
                self._values[figure.key] += (value_of(figure, sampled),)
            except MetricError as error:
                self._leave_out(figure, error)

    def figures(self, n: int, extractor: Extractor | None = None) -> dict[str, Figures]:
        """Each figure's values beside its floor: what n real samples get.

        A figure that reads what real samples have none of, such as a model, has no floor.
        """
        found = {}
        for figure in self._left():
            try:
                floor = self._floor(figure, n, extractor)
                found[figure.key] = Figures(figure.key, self._values[figure.key], floor)
            except MetricError as error:
                self._leave_out(figure, error)
        return found

    def _floor(self, figure: Known, n: int, extractor: Extractor | None) -> dict[str, float]:
        which = "real" in figure.needs
        if which not in self._real:  # shown to the extractor once for all figures
            self._real[which] = self.offered.real_samples(figure, n, extractor)
        sampled = self._real[which]
        return {} if sampled.lacks(figure.needs) else {REAL: value_of(figure, sampled)}

    def _left(self) -> list[Known]:
        return [one for one in self.offered.figures if one.key in self._values]

    def _leave_out(self, figure: Known, error: MetricError) -> None:
        del self._values[figure.key]
        self.notes.append(left_out(figure.key, str(error)))


def offered_for(part: Part, *, ask: bool = True) -> Offered:
    """What plugins offer for a data set; nothing where none is installed, or none is asked for.

    Their figures need the data set itself. Where it would have to be fetched they are left out.
    """
    if not ask:
        return Offered()
    figures, notes = offered()
    if not figures:
        return Offered(notes=tuple(notes))
    try:
        if not is_here(part):
            raise MetricError(f"{part.name} is not on this machine, and they need it")
        real = splits(part)
    except GanzooError as error:
        keys = ", ".join(one.key for one in figures)
        why = f"plugins' figures are left out ({keys}): {one_line(error)}"
        return Offered(notes=(*notes, why))
    kept = []
    for figure in figures:
        try:
            if applies(figure, real[1]):
                kept.append(figure)
        except MetricError as error:
            notes.append(left_out(figure.key, str(error)))
    return Offered(tuple(kept), real, tuple(notes))


def applies(figure: Known, data: Dataset) -> bool:
    """Whether a plugin's figure is made for a data set; `MetricError` where it fails to say."""
    if figure.plugin is None:
        return True
    try:
        return bool(figure.plugin.applies_to(data))
    except Exception as error:
        raise MetricError(f"metric {figure.key}: applies_to fails: {one_line(error)}") from error


def value_of(figure: Known, sampled: Sampled) -> float:
    """What a plugin's figure gives of samples; `MetricError` names it where that is no number."""
    if figure.plugin is None:
        raise MetricError(f"{figure.key} is the core's, and is measured with the others")
    if lacking := sampled.lacks(figure.needs):
        what = " and ".join(NEEDS[name] for name in lacking)
        raise MetricError(f"metric {figure.key}: it needs {what}, and there is none here")
    try:
        value = figure.plugin.measure(Drawn(sampled, figure.needs))
    except GanzooError as error:
        raise MetricError(f"metric {figure.key}: {one_line(error)}") from error
    except Exception as error:
        raise MetricError(f"metric {figure.key}: measure fails: {one_line(error)}") from error
    return _number(figure.key, value)


def _number(key: str, value: object) -> float:
    """A finite number, or a `MetricError` that says what was returned in its place."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise MetricError(
            f"metric {key}: measure returned {_in_words(value)}, and a figure is one finite number"
        )
    if not isfinite(value):
        raise MetricError(f"metric {key}: measure returned {value}, and a figure is finite")
    return float(value)


def _in_words(value: object) -> str:
    """What was returned, in a few words."""
    if isinstance(value, Tensor):
        return f"a tensor {list(value.shape)}"
    return "None (is a return missing?)" if value is None else brief(value)
