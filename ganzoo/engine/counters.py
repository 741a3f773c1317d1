"""Randomness from counters: every draw is a function of (seed, stream, turn, purpose).

Nothing depends on global state, on the number of ranks or on what was drawn before, so a run
that is killed and resumed draws what the run that was not would have drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.seeds import derive


class Counters:
    """The draws of one run. `stream` grows by 1 at each rollback, so that draws differ after it."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed, self.stream = seed, stream
        self._rng = torch.Generator()

    def rng(self, turn: int, purpose: str) -> torch.Generator:
        """A CPU generator for one purpose of one turn; valid until the next call."""
        return self._rng.manual_seed(derive(self.seed, self.stream, turn, purpose))

    def seed_layers(self, turn: int, purpose: str) -> None:
        """Seed torch's own generators, for layers that draw inside a network."""
        seed = derive(self.seed, self.stream, turn, purpose)
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.manual_seed_all(seed)

    def draws(
        self, turn: int, purpose: str, device: torch.device
    ) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
        """`uniform` and `normal` for a loss: each call of a turn has its own counter."""
        calls = 0

        def rng() -> torch.Generator:
            nonlocal calls
            calls += 1
            return self.rng(turn, f"{purpose}-{calls}")

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=rng()).to(device, non_blocking=True)

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=rng()).to(device, non_blocking=True)

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
