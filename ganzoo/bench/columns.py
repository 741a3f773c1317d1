"""What a measure is: it gives one or more columns of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.sample_set import SampleSet
from ganzoo.specs import Part


@dataclass(frozen=True)
class Column:
    """A figure in a table: its header, its format, and an arrow towards better values."""

    key: str
    header: str
    form: str
    better: str

    def text(self, value: float) -> str:
        """The value with its meaningful digits."""
        return format(value, self.form)


def column(key: str, form: str, header: str = "") -> Column:
    """A core figure's column, with a paper's digits."""
    return Column(key, header or BY_KEY[key].title, form, BY_KEY[key].arrow)


class Measure(ABC):
    """Measures a table's rows by `n` samples each; a protocol's arguments are its fields.

    Results of another `version` are measured again: change it where equal samples get other values.
    """

    version: int | str = 1
    n: int

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table."""

    @abstractmethod
    def values(self, samples: SampleSet, data: Part, device: str) -> Mapping[str, float | None]:
        """A value for each column; None where the figure does not exist."""

    def check(self) -> None:  # noqa: B027 - most need no check
        """Refuse arguments that nothing could be measured by."""

    def try_out(self, data: Part, device: str) -> None:  # noqa: B027 - the core's need no trial
        """Measure real samples, so that no training is spent on a measure that fails."""
