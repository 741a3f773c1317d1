"""What measures and follows a model: extractors, figures and trackers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

from ganzoo.interfaces.data import Dataset

if TYPE_CHECKING:
    from ganzoo.measure.draws import Drawn
    from ganzoo.plugins import RunRecord


class Extractor(nn.Module, ABC):
    """Features in which samples are measured.

    `sample_shape` is the shape of the samples that it takes, None if any images will do;
    `value_range` is the range of their values, None for unbounded.
    """

    name: str
    feature_dim: int
    num_classes: int | None = None
    sample_shape: tuple[int, ...] | None = None
    value_range: tuple[float, float] | None = (-1.0, 1.0)

    @abstractmethod
    def forward(self, samples: Tensor) -> Tensor:
        """Samples [N, *S] -> features [N, F]."""

    def logits(self, samples: Tensor) -> Tensor:
        """Samples [N, *S] -> class scores [N, num_classes], if `num_classes` is set."""
        raise NotImplementedError(f"{type(self).__name__} has no classes")

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        """`features` [N, F], and `logits` [N, K] if it has classes; override for a single pass."""
        published = {"features": self(samples)}
        if self.num_classes is not None:
            published["logits"] = self.logits(samples)
        return published


class Figure(ABC):
    """A number that says how good drawn samples are; for real samples it is the figure's floor.

    `title` is its name in tables; `protocol` says exactly what is computed, of how many samples.
    `direction` says which values are better: "lower", "higher", or "nearest" to `best`, the value
    of a perfect generator (None: the value of real samples). `unit` follows the value, if it has
    one; `digits` is the number of meaningful decimals; the same weights may differ by `tolerance`
    on another machine (2% are always allowed). `needs` names what it reads of a `Drawn` beside its
    samples: "labels", "targets", "features", "logits", "model", "real".
    """

    title: str
    protocol: str
    direction: Literal["lower", "higher", "nearest"]
    best: float | None = None
    unit: str = ""
    digits: int = 3
    tolerance: float = 0.01
    needs: frozenset[str] = frozenset()

    @abstractmethod
    def applies_to(self, data: Dataset) -> bool:
        """Whether it measures models of this data set."""

    @abstractmethod
    def measure(self, drawn: Drawn) -> float:
        """One finite number; if there is none, a `ganzoo.GanzooError` says why."""


class Tracker(ABC):
    """Sends a run's figures and samples elsewhere."""

    @abstractmethod
    def start(self, run: RunRecord) -> None:
        """A training begins or resumes."""

    @abstractmethod
    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """Receive a row of figures."""

    @abstractmethod
    def sample(self, images_seen: int, path: Path) -> None:
        """Receive a file of samples."""

    @abstractmethod
    def end(self, outcome: str) -> None:
        """The training ended: `finished`, `interrupted` or `failed`."""
