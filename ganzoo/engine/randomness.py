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

from ganzoo.data.devices import moved
from ganzoo.engine.micro_batches import Share
from ganzoo.interfaces import Draw
from ganzoo.seeds import derive

#: Makes values of a shape, as `torch.rand` does.
Make = Callable[..., Tensor]


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
        """`uniform` and `normal` for one turn of one share: each call has its own counter."""
        calls = 0

        def draw(make: Make, shape: tuple[int, ...], shared: bool) -> Tensor:
            nonlocal calls
            calls += 1
            rng = self.rng(turn, f"{purpose}-{calls}")
            whole = shared or share.count == 1 or not shape
            values = make(shape, generator=rng) if whole else share.drawn(make, shape, batch, rng)
            return moved(values, device)

        def uniform(*shape: int, shared: bool = False) -> Tensor:
            return draw(torch.rand, shape, shared)

        def normal(*shape: int, shared: bool = False) -> Tensor:
            return draw(torch.randn, shape, shared)

        return uniform, normal


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


class BalancedOrder:
    """The same with every class equally often: a function of (seed, k) and the data's labels alone.

    Images come in rounds of one from each class, the classes of a round in an order of its own, and
    each class goes through its samples in passes, each a permutation of its own.
    """

    def __init__(self, labels: Tensor, seed: int) -> None:
        self.seed = seed
        self._rows = [(labels == each).nonzero().flatten() for each in torch.unique(labels)]
        self._passes: dict[int, tuple[int, Tensor]] = {}

    def rows(self, first: int, count: int) -> Tensor:
        """Rows int64 [count] of the images numbered from `first`."""
        return torch.tensor([self._row(number) for number in range(first, first + count)])

    def _row(self, number: int) -> int:
        round_number, place = divmod(number, len(self._rows))
        chosen = int(self._permutation(-1, round_number, len(self._rows))[place])
        rows = self._rows[chosen]
        pass_number, offset = divmod(round_number, len(rows))
        return int(rows[self._permutation(chosen, pass_number, len(rows))[offset]])

    def _permutation(self, owner: int, number: int, length: int) -> Tensor:
        """The newest permutation of an owner: a class, or -1 for the order of classes."""
        if owner not in self._passes or self._passes[owner][0] != number:
            rng = torch.Generator().manual_seed(derive(self.seed, "balance", owner, number))
            self._passes[owner] = (number, torch.randperm(length, generator=rng))
        return self._passes[owner][1]
