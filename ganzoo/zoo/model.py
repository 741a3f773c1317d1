"""A loaded model: its networks, its card, and samples."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.arguments import seed_of, whole
from ganzoo.cards import Card
from ganzoo.errors import UsageError, one_line
from ganzoo.hardware import usable_device
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.sampling import Labeller
from ganzoo.specs import DISCRIMINATOR_FILE
from ganzoo.truncation import truncated
from ganzoo.zoo.players import at_rest, labeller_of, read_player
from ganzoo.zoo.requests import GivenLabels, labels_for

log = logging.getLogger("ganzoo")

#: The types that a model can be set to compute in.
PRECISIONS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class Model:
    """A published model, or a run's: its generator (the average), discriminator and card."""

    def __init__(self, generator: Generator, card: Card, device: torch.device) -> None:
        self.generator = at_rest(generator).to(device)
        self.card = card
        self.device = device
        self._dtype: torch.dtype | None = None  # as it was saved

    def __repr__(self) -> str:
        return f"Model({self.card.name!r}, samples {list(self.generator.sample_shape)})"

    @cached_property
    def discriminator(self) -> Discriminator | None:
        """The discriminator in eval mode, read on first use; None if the model has none."""
        record = self.card.require_usable().files.get(DISCRIMINATOR_FILE)
        if record is None:
            return None
        network = read_player(Discriminator, self.card, record)
        return at_rest(network).to(self.device, self._dtype)

    @cached_property
    def labeller(self) -> Labeller:
        """Draws labels or conditions for samples that are given none; read on first use."""
        return labeller_of(self.generator, self.card)

    @property
    def conditions(self) -> Tensor | None:
        """The model's own conditions [M, *condition_shape]; None if it takes none."""
        conditions = self.labeller.conditions
        return None if conditions is None else conditions.own

    def to(
        self,
        device: str | torch.device | torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Model:
        """Move both players to a device, a floating type or both, and return this model.

        Samples are float32 whatever the networks compute in. A narrower type rounds the weights,
        and going back does not restore them.
        """
        if isinstance(device, torch.dtype):
            if dtype is not None:
                raise UsageError(f"two types were given, {device} and {dtype}; give one")
            device, dtype = None, device
        if dtype is not None and dtype not in PRECISIONS:
            raise UsageError(
                f"dtype must be one of {', '.join(map(str, PRECISIONS))}, found {dtype}"
            )
        self.device = self.device if device is None else usable_device(device)
        self._dtype = dtype or self._dtype
        self.generator.to(self.device, self._dtype)
        if isinstance(discriminator := self.__dict__.get("discriminator"), Discriminator):
            discriminator.to(self.device, self._dtype)  # only if it has been read
        return self

    def half(self) -> Model:
        """Compute in float16, in half of the memory; `to(torch.float32)` goes back."""
        return self.to(torch.float16)

    def latents(self, n: int, *, seed: int, start: int = 0) -> Tensor:
        """Latents number `start` to `start + n` of a seed: [n, D], the same on every device.

        Their type is the generator's: float32 unless `to` set another.
        """
        count, first = whole("n", n, least=1), whole("start", start, least=0)
        drawn = sampling.latents(self.generator, count, seed=seed_of(seed), start=first)
        return drawn.to(self.device, sampling.precision_of(self.generator))

    def labels(self, n: int, *, seed: int) -> Tensor | None:
        """The classes or conditions that n samples of a seed get if none are given, or None."""
        count = whole("n", n, least=1)
        drawn = labels_for(self, count, seed_of(seed))
        return None if drawn is None else drawn[:count]

    def sample(
        self,
        n: int = 64,
        *,
        seed: int | None = None,
        labels: GivenLabels = None,
        conditions: Tensor | None = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
    ) -> Tensor:
        """Samples float32 [n, *S] on the CPU, in the data's range ([-1, 1] for images).

        `seed` None draws one and logs it. `labels` (one for all, or [n]) are for models with
        classes; by default they are drawn from the seed, in the shares of the training data, or
        evenly if `balanced`. `conditions` are for models with a `condition_shape` C: [*C] for all
        samples, or [M, *C], of which sample i gets number i modulo M, with M at most n; by default
        the model's own are used in the same way. `truncation` below 1 trades variety for typical
        samples; 1 changes nothing.
        """
        pieces = self.batches(
            n,
            seed=seed,
            labels=labels,
            conditions=conditions,
            balanced=balanced,
            batch=batch,
            truncation=truncation,
        )
        return torch.cat([*pieces])

    def batches(
        self,
        n: int,
        *,
        seed: int | None = None,
        labels: GivenLabels = None,
        conditions: Tensor | None = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
    ) -> Iterator[Tensor]:
        """The samples of `sample` piece by piece, for more of them than memory holds."""
        n, batch = whole("n", n, least=1), whole("batch", batch, least=1)
        generator = truncated(self.generator, truncation)
        if seed is None:
            seed = secrets.randbits(32)
            log.info("%s: sampled with seed %d", self.card.name, seed)
        seed = seed_of(seed)
        given = labels_for(self, n, seed, labels, conditions, balanced=balanced)
        pieces = sampling.batches(generator, n, seed=seed, labels=given, batch=batch)
        return self._precision_explained(pieces)

    def _precision_explained(self, pieces: Iterator[Tensor]) -> Iterator[Tensor]:
        """The pieces; an error of a network that cannot compute in the chosen type is explained."""
        try:
            yield from pieces
        except (RuntimeError, TypeError) as error:
            if self._dtype in (None, torch.float32):
                raise
            raise UsageError(
                f"{self.card.name} cannot sample in {self._dtype} on {self.device}: "
                f"{one_line(error)}; .to(torch.float32) goes back"
            ) from error
