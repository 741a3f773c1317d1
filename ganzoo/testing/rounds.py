"""Rounds and draws without an engine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.interfaces import Discriminator, Generator, Player, Round
from ganzoo.testing.numerics import seeded
from ganzoo.testing.standins import PlainGenerator

LATENT_DIM = 4


class Scored(Discriminator):
    """A discriminator made of a function from samples [N, *S] to scores."""

    def __init__(self, function: Callable[[Tensor], Tensor], sample_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.function, self.sample_shape = function, sample_shape

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> scores."""
        return self.function(samples)


def round_of(
    discriminator: Discriminator | Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    *,
    generator: Generator | None = None,
    latents: Tensor | None = None,
    labels: Tensor | None = None,
    turn: int = 0,
    logged: dict[str, Tensor] | None = None,
    seed: int = 0,
) -> Round:
    """A round with these samples [N, *S], for a loss's own tests; its log is written to `logged`.

    The discriminator may be a function from samples to scores. The default generator is a plain
    one of the samples' shape; it and the latents (drawn if not given) matter to losses that make
    new samples.
    """
    shape = tuple(real.shape[1:])
    if not isinstance(discriminator, Discriminator):
        discriminator = Scored(discriminator, shape)
    if generator is None:
        with seeded(seed):
            generator = PlainGenerator(shape, LATENT_DIM)
    rng = torch.Generator().manual_seed(seed)
    if latents is None:
        latents = generator.sample_latents(len(fake), rng=rng)
    seen = {} if logged is None else logged
    return Round(
        real=real,
        fake=fake,
        latents=latents,
        labels=labels,
        discriminator=Player(discriminator, labels),
        generator=Player(generator, labels),
        images_seen=0,
        step=turn,
        turn=turn,
        uniform=lambda *shape, shared=False: torch.rand(shape, generator=rng),
        normal=lambda *shape, shared=False: torch.randn(shape, generator=rng),
        log=lambda name, values: seen.__setitem__(name, values),
    )


class Draws:
    """The run's randomness; records its draws, so that half of the batch can have them again."""

    def __init__(self, seed: int, recorded: list[tuple[str, Tensor, bool]] | None = None) -> None:
        self._rng = torch.Generator().manual_seed(seed)
        self._rest = None if recorded is None else list(recorded)
        self.recorded: list[tuple[str, Tensor, bool]] = []

    def uniform(self, *shape: int, shared: bool = False) -> Tensor:
        """Values in [0, 1)."""
        return self._draw("uniform", shape, shared)

    def normal(self, *shape: int, shared: bool = False) -> Tensor:
        """Standard normal values."""
        return self._draw("normal", shape, shared)

    def _draw(self, kind: str, shape: tuple[int, ...], shared: bool) -> Tensor:
        if self._rest is not None:
            return self._half(kind, shape, shared)
        drawn = (torch.rand if kind == "uniform" else torch.randn)(shape, generator=self._rng)
        self.recorded.append((kind, drawn, shared))
        return drawn.clone()

    def _half(self, kind: str, shape: tuple[int, ...], shared: bool) -> Tensor:
        """The first half of the rows that were drawn for the whole batch."""
        known, drawn, was_shared = self._rest.pop(0) if self._rest else ("", torch.empty(0), False)
        half = drawn if shared or not shape else drawn[: len(drawn) // 2]
        if (known, tuple(half.shape), was_shared) != (kind, shape, shared):
            raise OtherDrawError(f"{kind}{shape} for half of a batch")
        return half.clone()


class OtherDrawError(Exception):
    """A draw whose rows are not the samples'."""
