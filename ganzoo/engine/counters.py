"""Randomness from counters: every draw is a function of (seed, stream, turn, purpose).

Nothing depends on global state, on the number of ranks or on what was drawn before, so a run
that is killed and resumed draws what the run that was not would have drawn. What is drawn for
samples is drawn for the global batch, and a share of it takes its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import torch
from torch import Tensor

from ganzoo.engine.shares import Share
from ganzoo.seeds import derive

Draw = Callable[..., Tensor]


class Counters:
    """The draws of one run. `stream` grows by 1 at each rollback, so that draws differ after it."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed, self.stream = seed, stream
        self._rng = torch.Generator()
        self._of_turn: tuple[tuple[int, int], int] = ((-1, -1), 0)

    def number(self, turn: int, purpose: str) -> int:
        """A 63-bit seed: a hash for each turn, and from there on a place for each purpose."""
        place = (self.stream, turn)
        if self._of_turn[0] != place:
            self._of_turn = (place, derive(self.seed, *place))
        return (self._of_turn[1] + crc32(purpose.encode())) & (2**63 - 1)

    def rng(self, turn: int, purpose: str) -> torch.Generator:
        """A CPU generator for one purpose of one turn; valid until the next call."""
        return self._rng.manual_seed(self.number(turn, purpose))

    def seed_layers(self, turn: int, purpose: str, share: int = 0) -> None:
        """Seed torch's own generators, for layers that draw inside a network.

        What a layer draws cannot be cut into rows, so each share but the first has its own seed.
        """
        seed = self.number(turn, f"{purpose}-{share}" if share else purpose)
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.manual_seed_all(seed)

    def draws(
        self, turn: int, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """`uniform` and `normal` for one turn of one share: each call has its own counter.

        A first dimension that goes with the share's rows (as many, a multiple, or one for each
        pack) is drawn for the whole batch and cut; anything else is the same everywhere.
        """
        calls, rows = 0, batch // share.count

        def draw(make: Draw, shape: tuple[int, ...]) -> Tensor:
            nonlocal calls
            calls += 1
            rng = self.rng(turn, f"{purpose}-{calls}")
            if share.count == 1 or not _goes_with(rows, shape):
                return make(shape, generator=rng).to(device, non_blocking=True)
            batches = max(1, shape[0] // rows)  # 2 where real and fake are scored as one
            whole = make((batches, shape[0] // batches * share.count, *shape[1:]), generator=rng)
            part = whole[:, share.rows(whole.shape[1])].flatten(0, 1)
            return part.to(device, non_blocking=True)

        def uniform(*shape: int) -> Tensor:
            return draw(torch.rand, shape)

        def normal(*shape: int) -> Tensor:
            return draw(torch.randn, shape)

        return uniform, normal


def _goes_with(rows: int, shape: tuple[int, ...]) -> bool:
    """Whether a draw of this shape has a place for each row, or each pack of them."""
    first = shape[0] if shape else 1
    return first == rows or (first > 1 and (first % rows == 0 or rows % first == 0))


class DataOrder:
    """Which row the k-th real image of a run is: a function of (seed, k) alone.

    Each pass over the data is a permutation of its own.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed
        self._passes: dict[int, Tensor] = {}

    def rows(self, first: int, count: int) -> Tensor:
        """Rows int64 [count] of the images numbered from `first`."""
        found = []
        while count > 0:
            number, offset = divmod(first, self.length)
            piece = self._pass(number)[offset : offset + count]
            found.append(piece)
            first, count = first + len(piece), count - len(piece)
        return torch.cat(found) if len(found) > 1 else found[0]

    def _pass(self, number: int) -> Tensor:
        if number not in self._passes:
            rng = torch.Generator().manual_seed(derive(self.seed, "order", number))
            self._passes = {number: torch.randperm(self.length, generator=rng)}
        return self._passes[number]
