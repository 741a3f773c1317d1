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
from ganzoo.interfaces import Dataset
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


class ModelSource(SampleSource):
    """Samples drawn from a model's average; `balanced` draws its labels evenly."""

    model: Model
    data: Part

    def __init__(
        self, model: Model | str | Path, device: str = "cpu", *, balanced: bool = False
    ) -> None:
        self.model = model if isinstance(model, Model) else load(model, device=device)
        self.balanced = balanced
        config = self.model.card.require_config()
        self.name, self.data = self.model.card.name, config.recipe.data
        self.shape, self.legend = self.model.generator.sample_shape, config.legend
        record = config.files.get(GENERATOR_FILE)
        self.sha256 = None if record is None else record.sha256
        if balanced:
            self.model.labels(1, seed=0, balanced=True)  # raises where there are no classes
            self.drawn_for = "labels drawn evenly"
        elif self._takes_conditions:
            self.drawn_for = f"conditions of the test samples of {self.data.bare_name}"
            self.notes = (
                f"samples are drawn for the {self.drawn_for}: compared with these, they may score "
                "better than the floor, whose samples belong to other conditions",
            )
        elif not sampling.are_even(self.model.labeller.shares):
            self.drawn_for = "labels in the shares of the training data"

    @property
    def _takes_conditions(self) -> bool:
        return self.model.generator.condition_shape is not None

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N samples float32 [<= 500, *S] of a seed, with labels or test conditions of the seed."""
        if not self._takes_conditions:
            return self.model.batches(n, seed=seed, batch=BATCH, balanced=self.balanced)
        conditions = drawn_conditions(self._test_samples, n, seed=seed)
        return sampling.batches(self.model.generator, n, seed=seed, labels=conditions, batch=BATCH)

    @cached_property
    def _test_samples(self) -> Dataset:
        """The test samples whose conditions the model is given."""
        shape = tuple(self.model.generator.condition_shape or ())
        return conditioned(self.model.card.require_config().recipe.data, shape)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """The labels or conditions that `batches` draws with the samples."""
        if not self._takes_conditions:
            return self.model.labels(n, seed=seed, balanced=self.balanced)
        return drawn_conditions(self._test_samples, n, seed=seed)[:]

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The test samples [n, *S] that answer the conditions of `batches`."""
        if not self._takes_conditions or not self._test_samples.paired:
            return None
        samples, _ = self._test_samples.batch(order(len(self._test_samples), n, seed))
        return samples.cpu()


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
