"""Draws: n samples of a source under one seed, and all that a figure may look at beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from ganzoo.errors import MetricError
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import Seen, look
from ganzoo.measure.sources import BATCH, Source

if TYPE_CHECKING:
    from ganzoo.zoo import Model

T = TypeVar("T")

#: Bytes of a value, and of samples that are kept for several figures at the most.
FLOAT32, MOST_HELD = 4, 2**30

#: What a figure can name in its `needs`, and where each comes from.
NEEDS = {
    "labels": "the labels that its samples were asked for",
    "targets": "real samples that answer its conditions",
    "features": "an extractor's features",
    "logits": "an extractor that knows classes",
    "model": "the model itself",
    "real": "real samples",
}


@dataclass(frozen=True, eq=False)
class Sampled:
    """N samples of a source under one seed, an extractor that looks at them, and real samples.

    What is dear is made once, however many figures ask for it.
    """

    source: Source
    n: int
    seed: int
    extractor: Extractor | None = None
    real: Dataset | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def batches(self) -> Iterator[Tensor]:
        """The samples float32 [<= 500, *S] piece by piece, for more than memory holds."""
        if "samples" in self._kept:
            return iter(torch.split(self._kept["samples"], BATCH))
        return self.source.batches(self.n, self.seed)

    @property
    def samples(self) -> Tensor:
        """All of them: float32 [n, *S]."""
        return self._once("samples", lambda: torch.cat([*self.batches()]))

    def hold(self) -> None:
        """Draw the samples now and keep them, where memory has room, so that nobody draws again."""
        if self.n * prod(self.source.shape) * FLOAT32 <= MOST_HELD:
            _ = self.samples

    @property
    def labels(self) -> Tensor | None:
        """What each was asked for, where it was."""
        return self._once("labels", lambda: self.source.labels(self.n, self.seed))

    @property
    def targets(self) -> Tensor | None:
        """The real samples that answer their conditions, where there are such."""
        return self._once("targets", lambda: self.source.targets(self.n, self.seed))

    @property
    def seen(self) -> Seen:
        """What the extractor sees of the samples."""
        if self.extractor is None:
            raise MetricError(f"{self.source.name}: no extractor was named to look at the samples")
        extractor, of_files = self.extractor, self.source.size is not None
        return self._once(
            "seen",
            lambda: look(extractor, self.batches(), self.source.name, from_bytes=of_files),
        )

    def lacks(self, needs: frozenset[str]) -> list[str]:
        """Which of these needs cannot be met here, in order."""
        return [name for name in NEEDS if name in needs and not self._has(name)]

    def _has(self, name: str) -> bool:
        match name:
            case "labels":
                return self.labels is not None
            case "targets":
                return self.targets is not None
            case "features":
                return self.extractor is not None
            case "logits":
                return self.extractor is not None and self.extractor.num_classes is not None
            case "model":
                return self.source.model is not None
            case _:
                return self.real is not None

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made when it is first asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: T = self._kept[name]
        return kept


class Drawn:
    """N samples of one seed, as a figure sees them; they lie on the CPU.

    Whatever a figure reads beside `samples` stands in its `needs`: it is measured only where there
    is all of that, and what it did not name is a `MetricError`.
    """

    def __init__(self, sampled: Sampled, needs: frozenset[str]) -> None:
        self._sampled, self._needs = sampled, needs
        self.n, self.seed = sampled.n, sampled.seed

    def batches(self) -> Iterator[Tensor]:
        """The samples float32 [<= 500, *S] piece by piece, for more than memory holds."""
        return self._sampled.batches()

    @property
    def samples(self) -> Tensor:
        """All of them: float32 [n, *S]."""
        return self._sampled.samples

    @property
    def labels(self) -> Tensor:
        """What each sample was asked for: labels int64 [n], or conditions float32 [n, ...]."""
        return self._named("labels", lambda: self._sampled.labels)

    @property
    def targets(self) -> Tensor:
        """The real sample that answers each condition: float32 [n, *S]."""
        return self._named("targets", lambda: self._sampled.targets)

    @property
    def features(self) -> Tensor:
        """What the extractor makes of the first samples: float32 [M, F], M = min(n, 10,000)."""
        return self._named("features", lambda: self._sampled.seen.features)

    @property
    def logits(self) -> Tensor:
        """The extractor's class scores of all samples: float32 [n, K]."""
        return self._named("logits", lambda: self._sampled.seen.logits)

    @property
    def model(self) -> Model:
        """The model that drew them, such as for other labels on the same latents (`seed`)."""
        return self._named("model", lambda: self._sampled.source.model)

    @property
    def real(self) -> Dataset:
        """Real samples by index: the data set's test split, or a half of it where it has none."""
        return self._named("real", lambda: self._sampled.real)

    def _named(self, name: str, give: Callable[[], T | None]) -> T:
        """Something that the figure named, and that is there."""
        if name not in self._needs:
            raise MetricError(f"it reads drawn.{name}, which its needs don't name; add {name!r}")
        if (value := give()) is None:
            raise MetricError(f"{self._sampled.source.name} comes without {NEEDS[name]}")
        return value


class Rows(Source):
    """Rows of a data set as a source, with their labels; the seed changes nothing."""

    def __init__(self, data: Dataset, indices: Tensor, name: str) -> None:
        self.real, self.indices, self.name = data, indices, name
        self.shape = tuple(data.sample_shape)

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """The first n rows float32 [<= 500, *S]."""
        for rows in torch.split(self.indices[:n], BATCH):
            yield self.real.batch(rows)[0]

    def labels(self, n: int, seed: int) -> Tensor | None:
        """Their labels [n], or None."""
        found = [self.real.batch(rows)[1] for rows in torch.split(self.indices[:n], BATCH)]
        return None if found[0] is None else torch.cat([one for one in found if one is not None])


class Tensors(Source):
    """Samples float32 [N, *S] that were drawn already, with what is known of them."""

    def __init__(
        self,
        samples: Tensor,
        name: str = "samples",
        *,
        labels: Tensor | None = None,
        targets: Tensor | None = None,
        model: Model | None = None,
    ) -> None:
        self._samples, self._labels, self._targets = samples, labels, targets
        self.model, self.name = model, name
        self.shape = tuple(samples.shape[1:])

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """The first n of them float32 [<= 500, *S]."""
        yield from torch.split(self._samples[:n], BATCH)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """Their labels [n], or None."""
        return None if self._labels is None else self._labels[:n]

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The real samples [n, *S] that answer their conditions, or None."""
        return None if self._targets is None else self._targets[:n]
