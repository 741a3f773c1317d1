"""What measures and follows a model: extractors, figures and trackers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from torch import Tensor, nn

from ganzoo.interfaces.data import Dataset

if TYPE_CHECKING:
    from ganzoo.plugins import RunRecord
    from ganzoo.zoo import Model


class Extractor(nn.Module, ABC):
    """Features in which samples are measured.

    `sample_shape` is the shape of the samples that it takes, None if any images will do;
    `value_range` is the range of their values, None for unbounded. `caveat` is a line below its
    figures: what it does not see, and what does. One that judges attributes publishes the scores of
    their values as `attribute:NAME` in `outputs`; `value_names` has the names of these values. The
    value "none" means that the thing is absent, and an empty name that the value is no use to
    anybody.
    """

    name: str
    feature_dim: int
    num_classes: int | None = None
    sample_shape: tuple[int, ...] | None = None
    value_range: tuple[float, float] | None = (-1.0, 1.0)
    value_names: Mapping[str, Sequence[str]] = MappingProxyType({})
    caveat: str = ""

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


class FigureInput:
    """All that a figure may look at: n samples of one seed, on the CPU, and what belongs to them.

    A figure lists in `needs` what it reads beside the samples, and is measured only where all
    of that exists. Reading anything else raises a `MetricError`. `read` returns a value by name.
    """

    def __init__(
        self,
        n: int,
        seed: int,
        batches: Callable[[], Iterator[Tensor]],
        read: Callable[[str], object],
    ) -> None:
        self.n, self.seed, self._batches, self._read = n, seed, batches, read

    def batches(self) -> Iterator[Tensor]:
        """The samples float32 [<= 500, *S] piece by piece, for more than memory holds."""
        return self._batches()

    @property
    def samples(self) -> Tensor:
        """All samples: float32 [n, *S]."""
        return cast(Tensor, self._read("samples"))

    @property
    def labels(self) -> Tensor:
        """What each sample was drawn for: labels int64 [n], or conditions float32 [n, ...]."""
        return cast(Tensor, self._read("labels"))

    @property
    def targets(self) -> Tensor:
        """The real sample that answers each condition: float32 [n, *S]."""
        return cast(Tensor, self._read("targets"))

    @property
    def features(self) -> Tensor:
        """The extractor's features of the first samples: float32 [M, F], M = min(n, 10,000)."""
        return cast(Tensor, self._read("features"))

    @property
    def target_features(self) -> Tensor:
        """The extractor's features of the targets: float32 [M, F], M = min(n, 10,000)."""
        return cast(Tensor, self._read("target_features"))

    @property
    def logits(self) -> Tensor:
        """The extractor's class scores of all samples: float32 [n, K]."""
        return cast(Tensor, self._read("logits"))

    @property
    def model(self) -> Model:
        """The model that drew the samples, e.g. to draw other labels from the same latents."""
        return cast("Model", self._read("model"))

    @property
    def real(self) -> Dataset:
        """Real samples by index: the data set's test split, or one half where it has none."""
        return cast(Dataset, self._read("real"))

    @property
    def training(self) -> Dataset:
        """The samples that were trained on, by index: the training split, or the other half."""
        return cast(Dataset, self._read("training"))


class Figure(ABC):
    """A number for how good drawn samples are; for real samples it is the figure's floor.

    `title` is its name in tables; `protocol` says exactly what is computed, of how many samples.
    `direction` says which values are better: "lower", "higher", or "nearest" to `best`, the value
    of a perfect generator (None: the value of real samples). `unit` follows the value, if it has
    one; `digits` is the number of meaningful decimals; the same weights may differ by `tolerance`
    on another machine (2% are always allowed). `needs` lists what it reads from its
    `FigureInput` beside the samples: "labels", "targets", "features", "target_features", "logits",
    "model", "real", "training".
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
    def measure(self, drawn: FigureInput) -> float:
        """One finite number; if there is none, raise a `ganzoo.GanzooError` with the reason."""


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
