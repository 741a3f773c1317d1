"""Randomness from counters: every draw is a function of (seed, stream, turn, purpose).

Nothing depends on global state, on the number of ranks or on earlier draws, so a run that is killed
and resumed draws what an uninterrupted run draws. Values for samples are drawn for the global
batch, and each share takes its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """The draws of one run. `stream` grows by 1 at each rollback, so that later draws differ."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed, self.stream = seed, stream
        self._rng = torch.Generator()
        self._of_turn: tuple[tuple[int, int], int] = ((-1, -1), 0)

    def number(self, turn: int, purpose: str) -> int:
        """A 63-bit seed: a hash of the turn plus an offset for the purpose."""
        place = (self.stream, turn)
        if self._of_turn[0] != place:
            self._of_turn = (place, derive(self.seed, *place))
        return (self._of_turn[1] + crc32(purpose.encode())) & (2**63 - 1)

    def rng(self, turn: int, purpose: str) -> torch.Generator:
        """A CPU generator for one purpose of one turn; valid until the next call."""
        return self._rng.manual_seed(self.number(turn, purpose))

    def seed_layers(self, turn: int, purpose: str, share: int = 0) -> None:
        """Seed torch's own generators, for layers that draw inside a network.

        A layer's draws cannot be cut into rows, so each share has its own seed.
        """
        seed = self.number(turn, f"{purpose}-{share}" if share else purpose)
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.manual_seed_all(seed)

    def draws(
        self, turn: int, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """`uniform` and `normal` for one share of a turn; each call has its own counter."""
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


@dataclass(frozen=True)
class TurnDraws:
    """What one turn draws; `name` tells the turns of a step apart."""

    counters: Counters
    turn: int
    name: str

    def latents_rng(self) -> torch.Generator:
        """A CPU generator for the turn's latents; valid until the next draw."""
        return self.counters.rng(self.turn, f"{self.name}-latents")

    def seed_layers(self, share: Share) -> None:
        """Seed torch's own generators, for layers that draw inside a network."""
        self.counters.seed_layers(self.turn, f"{self.name}-layers", share.index)

    def values(
        self, purpose: str, device: torch.device, batch: int, share: Share
    ) -> tuple[Draw, Draw]:
        """`uniform` and `normal` for a share's loss or its augmentations."""
        return self.counters.draws(self.turn, f"{self.name}-{purpose}", device, batch, share)


class DataOrder:
    """The row of the k-th real image of a run, as a function of (seed, k) alone.

    Each pass over the data is a new permutation.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed
        self._passes: dict[int, Tensor] = {}

    def rows(self, first: int, count: int) -> Tensor:
        """Rows int64 [count] of the images numbered from `first`."""
        pieces = []
        while count > 0:
            number, offset = divmod(first, self.length)
            piece = self._pass(number)[offset : offset + count]
            pieces.append(piece)
            first, count = first + len(piece), count - len(piece)
        return torch.cat(pieces) if len(pieces) > 1 else pieces[0]

    def _pass(self, number: int) -> Tensor:
        if number not in self._passes:
            rng = torch.Generator().manual_seed(derive(self.seed, "order", number))
            self._passes = {number: torch.randperm(self.length, generator=rng)}
        return self._passes[number]


class BalancedOrder:
    """The same with every class equally often, as a function of (seed, k) and the labels alone.

    Images come in rounds of one from each class, in a new order each round. Each class goes through
    its samples in passes, each a new permutation.
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
