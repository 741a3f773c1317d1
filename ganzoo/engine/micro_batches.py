"""The rows of the global batch that are played at once: a micro-batch of a rank's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Generator, Tensor

from ganzoo.errors import ConfigError


@dataclass(frozen=True)
class Share:
    """Part `index` of `count` equal parts of every global batch."""

    index: int = 0
    count: int = 1

    def rows(self, n: int) -> slice:
        """Its rows of n."""
        each = n // self.count
        return slice(self.index * each, (self.index + 1) * each)

    def of(self, whole: Tensor) -> Tensor:
        """Its rows of a tensor."""
        return whole if self.count == 1 else whole[self.rows(len(whole))]

    def drawn(
        self, make: Callable[..., Tensor], shape: tuple[int, ...], batch: int, rng: Generator
    ) -> Tensor:
        """The share's rows [*shape] of values that are drawn for the whole batch.

        A shape may hold the share's rows several times over, one block after the other: real and
        fake samples scored in one pass are twice its rows. Each block is drawn for the whole batch.
        """
        rows = batch // self.count
        times = max(1, shape[0] // rows) if shape[0] % rows == 0 else 1
        whole = make((times, shape[0] // times * self.count, *shape[1:]), generator=rng)
        return whole[:, self.rows(whole.shape[1])].flatten(0, 1)


def shares_of(batch: int, rank: int, ranks: int, micro_batch: int | None) -> tuple[Share, ...]:
    """A rank's shares of a global batch, each of at most `micro_batch` rows."""
    if batch % ranks:
        raise ConfigError(
            f"a batch of {batch} cannot be shared by {ranks} processes; "
            f"set batch to a multiple of {ranks}"
        )
    local = batch // ranks
    micro = local if micro_batch is None else min(micro_batch, local)
    if local % micro:
        raise ConfigError(
            f"{local} images a turn cannot be split into micro-batches of {micro}; "
            f"give a divisor of {local}"
        )
    each = local // micro
    return tuple(Share(rank * each + number, ranks * each) for number in range(each))
