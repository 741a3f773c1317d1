"""What is measured: samples of a model, rows of a data set, or tensors that exist already."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.conditions import conditioned, drawn_conditions, order
from ganzoo.interfaces import Dataset, Generator
from ganzoo.sampling import Labeller, Labels
from ganzoo.specs import GENERATOR_FILE, Part
from ganzoo.zoo import Model, load

#: Samples drawn at once.
BATCH = 500


class SampleSource(ABC):
    """Where samples of a shape come from; `size` is their number, None where they are drawn."""

    name: str
    shape: tuple[int, ...]
    size: int | None = None
    #: The data set that the samples should resemble, where that is known.
    data: Part | None = None
    #: What the numbers of the samples mean, as the model's data set said.
    legend: Mapping[str, Any] = {}
    #: The sha256 of the weights that drew the samples.
    sha256: str | None = None
    #: The model that draws the samples.
    model: Model | None = None
    #: How labels or conditions are chosen, where number and seed do not tell.
    drawn_for: str = ""
    #: What else a reader of the figures has to know.
    notes: tuple[str, ...] = ()

    @abstractmethod
    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N samples float32 [<= 500, *S] of a seed."""

    def labels(self, n: int, seed: int) -> Tensor | None:
        """The labels or conditions that n samples of a seed are drawn for; None without any."""
        return None

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The real samples [n, *S] that answer the conditions; None where there are none."""
        return None


class NetworkSource(SampleSource):
    """Samples drawn from a network, with labels or test conditions chosen as for a model."""

    data: Part
    #: Whether classes are drawn evenly, in place of their shares of the training data.
    balanced = False

    def __init__(self, network: Generator, labeller: Labeller, data: Part, name: str) -> None:
        self.network, self.labeller, self.data, self.name = network, labeller, data, name
        self.shape = network.sample_shape

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N samples float32 [<= 500, *S] of a seed, with labels or test conditions of the seed."""
        told = self._told(n, seed)
        return sampling.batches(self.network, n, seed=seed, labels=told, batch=BATCH)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """The labels or conditions that `batches` draws with the samples."""
        told = self._told(n, seed)
        return None if told is None else told[:n]

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The test samples [n, *S] that answer the conditions of `batches`."""
        if not self._takes_conditions or not self._test_samples.paired:
            return None
        samples, _ = self._test_samples.batch(order(len(self._test_samples), n, seed))
        return samples.cpu()

    def _told(self, n: int, seed: int) -> Labels | None:
        if self._takes_conditions:
            return drawn_conditions(self._test_samples, n, seed=seed)
        return self.labeller.drawn(n, seed=seed, balanced=self.balanced)

    @property
    def _takes_conditions(self) -> bool:
        return self.network.condition_shape is not None

    @cached_property
    def _test_samples(self) -> Dataset:
        """The test samples whose conditions the network is given."""
        return conditioned(self.data, tuple(self.network.condition_shape or ()))


class ModelSource(NetworkSource):
    """Samples drawn from a model's average; `balanced` draws its labels evenly."""

    model: Model

    def __init__(
        self, model: Model | str | Path, device: str = "cpu", *, balanced: bool = False
    ) -> None:
        self.model = model = model if isinstance(model, Model) else load(model, device=device)
        config = model.card.require_config()
        super().__init__(model.generator, model.labeller, config.recipe.data, model.card.name)
        self.balanced, self.legend = balanced, config.legend
        record = config.files.get(GENERATOR_FILE)
        self.sha256 = None if record is None else record.sha256
        if balanced:
            model.labels(1, seed=0, balanced=True)  # raises where there are no classes
            self.drawn_for = "labels drawn evenly"
        elif self._takes_conditions:
            self.drawn_for = f"conditions of the test samples of {self.data.bare_name}"
            self.notes = (
                f"samples are drawn for the {self.drawn_for}: compared with these, they may score "
                "better than the floor, whose samples belong to other conditions",
            )
        elif not sampling.are_even(model.labeller.shares):
            self.drawn_for = "labels in the shares of the training data"


class RowSource(SampleSource):
    """Rows of a data set, with their labels; the seed changes nothing."""

    def __init__(self, rows_of: Dataset, indices: Tensor, name: str) -> None:
        self.rows_of, self.indices, self.name = rows_of, indices, name
        self.shape = tuple(rows_of.sample_shape)

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """The first n rows float32 [<= 500, *S]."""
        for rows in torch.split(self.indices[:n], BATCH):
            yield self.rows_of.batch(rows)[0]

    def labels(self, n: int, seed: int) -> Tensor | None:
        """Their labels [n], or None."""
        labels = [self.rows_of.batch(rows)[1] for rows in torch.split(self.indices[:n], BATCH)]
        return None if labels[0] is None else torch.cat([one for one in labels if one is not None])


class TensorSource(SampleSource):
    """Samples float32 [N, *S] that exist already, and what is known of them."""

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
        """The first n samples float32 [<= 500, *S]."""
        yield from torch.split(self._samples[:n], BATCH)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """Their labels [n], or None."""
        return None if self._labels is None else self._labels[:n]

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The real samples [n, *S] that answer their conditions, or None."""
        return None if self._targets is None else self._targets[:n]
