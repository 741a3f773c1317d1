"""`SampleSet`: n samples of a source under one seed, with everything that figures may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeVar

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.interfaces import Dataset, Extractor, FigureInput
from ganzoo.measure.features import Extracted, extract
from ganzoo.measure.sources import BATCH, SampleSource

T = TypeVar("T")

#: Bytes of a float32, and the most bytes of samples to keep for several figures.
FLOAT32, MOST_HELD = 4, 2**30

#: What a figure can list in its `needs`, in words.
NEEDS = {
    "labels": "the labels that its samples were asked for",
    "targets": "real samples that answer its conditions",
    "features": "an extractor's features",
    "target_features": "real samples that answer its conditions, and an extractor's features",
    "logits": "an extractor that knows classes",
    "model": "the model itself",
    "real": "real samples",
    "training": "the training samples",
}


@dataclass(frozen=True, eq=False)
class SampleSet:
    """N samples of a source under one seed, an extractor to look at them, and real samples.

    `real` are test samples, `training` those of the training split.

    Whatever is expensive is made once, however many figures ask for it.
    """

    source: SampleSource
    n: int
    seed: int
    extractor: Extractor | None = None
    real: Dataset | None = None
    training: Dataset | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def batches(self) -> Iterator[Tensor]:
        """The samples float32 [<= 500, *S] piece by piece, for more than memory holds."""
        if "samples" in self._kept:
            return iter(torch.split(self._kept["samples"], BATCH))
        return self.source.batches(self.n, self.seed)

    def hold(self) -> None:
        """Draw the samples now and keep them if memory allows, so that they are drawn once."""
        if self.n * prod(self.source.shape) * FLOAT32 <= MOST_HELD:
            _ = self.samples

    @property
    def samples(self) -> Tensor:
        """All samples: float32 [n, *S]."""
        return self._once("samples", lambda: torch.cat([*self.batches()]))

    @property
    def labels(self) -> Tensor | None:
        """The label or condition of each sample; None without."""
        return self._once("labels", lambda: self.source.labels(self.n, self.seed))

    @property
    def targets(self) -> Tensor | None:
        """The real samples that answer the conditions; None where there are none."""
        return self._once("targets", lambda: self.source.targets(self.n, self.seed))

    @property
    def extracted(self) -> Extracted:
        """The extractor's view of the samples."""
        if self.extractor is None:
            raise MetricError(f"{self.source.name}: no extractor was given for the samples")
        extractor, of_files = self.extractor, self.source.size is not None
        return self._once(
            "extracted",
            lambda: extract(extractor, self.batches(), self.source.name, from_bytes=of_files),
        )

    @property
    def target_features(self) -> Tensor | None:
        """The extractor's features of the targets [M, F]; None where there are none of the two."""
        extractor, targets = self.extractor, self.targets
        if extractor is None or targets is None:
            return None
        return self._once(
            "target_features",
            lambda: extract(extractor, torch.split(targets, BATCH), "the targets").features,
        )

    def lacks(self, needs: frozenset[str]) -> list[str]:
        """Which of these needs cannot be met here, in order."""
        return [name for name in NEEDS if name in needs and not self._has(name)]

    def input_for(self, needs: frozenset[str]) -> FigureInput:
        """What a figure with these needs is given."""

        def read(name: str) -> object:
            if name != "samples" and name not in needs:
                raise MetricError(
                    f"it reads drawn.{name}, which its needs don't name; add {name!r}"
                )
            if (value := self._value(name)) is None:
                raise MetricError(f"{self.source.name} comes without {NEEDS[name]}")
            return value

        return FigureInput(self.n, self.seed, self.batches, read)

    def _value(self, name: str) -> object:
        match name:
            case "features" | "logits":
                return getattr(self.extracted, name)
            case "model":
                return self.source.model
            case _:
                return getattr(self, name)

    def _has(self, name: str) -> bool:
        """Whether there is such a value, without showing samples to the extractor."""
        match name:
            case "features":
                return self.extractor is not None
            case "target_features":
                return self.extractor is not None and self.targets is not None
            case "logits":
                return self.extractor is not None and self.extractor.num_classes is not None
            case _:
                return self._value(name) is not None

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """The result of `make`, which is called the first time only."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: T = self._kept[name]
        return kept
