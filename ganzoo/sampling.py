"""Drawing samples so that a seed means the same whatever the chunk, the device or the past.

Latents are drawn on the CPU in whole blocks of 64, each from a generator of its own seeded by
(seed, block); labels likewise. A generator of conditions takes its own ones in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.conditions import Conditions, Rows
from ganzoo.errors import UsageError
from ganzoo.interfaces import Generator
from ganzoo.seeds import derive

BLOCK = 64
#: Latents per batch, and batches, from which an average's batch statistics are recomputed.
CALIBRATION = (128, 16)

#: What rows are told: classes int64 [n], or conditions [n, *C] that may be made when asked for.
Told: TypeAlias = Tensor | Rows


@dataclass(frozen=True, eq=False)
class Labeller:
    """What a generator is told where nobody names it: nothing, classes or conditions.

    Classes come in `shares`; without them, and where they are equal, all classes alike.
    """

    num_classes: int | None = None
    shares: tuple[float, ...] = ()
    conditions: Conditions | None = None

    def drawn(self, n: int, *, seed: int, balanced: bool = False) -> Told | None:
        """For n samples of a seed: drawn classes, or the conditions in a circle."""
        if self.conditions is not None:
            return self.conditions.in_circle(n)
        if self.num_classes is None:
            return None
        return drawn_labels(self.num_classes, n, seed=seed, shares=() if balanced else self.shares)

    def in_order(self, n: int) -> Told | None:
        """For a grid of n samples: class after class, or condition after condition."""
        if self.conditions is not None:
            return self.conditions.in_circle(n)
        return None if self.num_classes is None else torch.arange(n) % self.num_classes

    def calibrating(self, number: int, size: int, *, seed: int) -> Tensor | None:
        """For batch `number` of those that batch statistics are recomputed from."""
        if self.conditions is not None:
            known = self.conditions.calibration
            return known[(number * size + torch.arange(size)) % len(known)]
        if self.num_classes is None or are_even(self.shares):
            return None if self.num_classes is None else torch.arange(size) % self.num_classes
        return _in_shares(self.shares, size, _rng(seed, "calibration-labels", number))


def latents(generator: Generator, n: int, *, seed: int, start: int = 0) -> Tensor:
    """Latents number `start` to `start + n` of a seed: [n, D], on the CPU."""
    if n < 1 or start < 0:
        raise UsageError(f"n must be 1 or more and start 0 or more, found {n} and {start}")
    first, last = start // BLOCK, (start + n - 1) // BLOCK
    blocks = [_block(generator, seed, number) for number in range(first, last + 1)]
    return torch.cat(blocks)[start - first * BLOCK :][:n]


def drawn_labels(num_classes: int, n: int, *, seed: int, shares: tuple[float, ...] = ()) -> Tensor:
    """Labels int64 [n], in the classes' shares or uniform over them, in blocks like the latents."""
    blocks = []
    for number in range((n + BLOCK - 1) // BLOCK):
        rng = _rng(seed, "labels", number)
        if are_even(shares):
            blocks.append(torch.randint(num_classes, (BLOCK,), generator=rng))
        else:
            blocks.append(_in_shares(shares, BLOCK, rng))
    return torch.cat(blocks)[:n]


def are_even(shares: tuple[float, ...]) -> bool:
    """Whether all classes are alike; no shares say nothing else."""
    return len(set(shares)) <= 1


def _in_shares(shares: tuple[float, ...], n: int, rng: torch.Generator) -> Tensor:
    """Classes int64 [n], each where the shares' distribution function reaches a uniform number."""
    ends = torch.tensor(shares, dtype=torch.float64).cumsum(0)
    uniform = torch.rand(n, generator=rng, dtype=torch.float64)
    last = max(number for number, share in enumerate(shares) if share > 0)
    return torch.searchsorted(ends, uniform * ends[-1], right=True).clamp_max(last)


def samples(
    generator: Generator, n: int, *, seed: int, labels: Told | None = None, batch: int = BLOCK
) -> Tensor:
    """Draw n samples of a seed: float32 [n, *S] on the CPU, from a generator in eval mode.

    `labels`, n classes or conditions, are needed by a conditional generator. A network that draws
    noise of its own is run in whole blocks, each seeded, so that its samples do not depend on n or
    `batch`.
    """
    return torch.cat([*batches(generator, n, seed=seed, labels=labels, batch=batch)])


def batches(
    generator: Generator, n: int, *, seed: int, labels: Told | None = None, batch: int = BLOCK
) -> Iterator[Tensor]:
    """The same samples piece by piece, for more of them than memory holds."""
    if batch < 1:
        raise UsageError(f"batch must be 1 or more, found {batch}")
    device = next((p.device for p in generator.parameters()), torch.device("cpu"))
    drawn = latents(generator, n, seed=seed).to(precision_of(generator))
    if _draws_noise(generator, seed, drawn[:1], _rows(generator, labels, 0, 1), device):
        yield from _by_blocks(generator, n, seed, labels, device)
        return
    for first in range(0, n, batch):
        wish = _rows(generator, labels, first, batch)
        with _passing(generator, derive(seed, "layers", 0), device):
            made = generator(
                drawn[first : first + batch].to(device), None if wish is None else wish.to(device)
            )
        yield made.float().cpu()


def _rows(generator: Generator, labels: Told | None, first: int, count: int) -> Tensor | None:
    """What so many rows are told; conditions in the type that the generator computes in."""
    if labels is None:
        return None
    rows = labels[first : first + count]
    return rows.to(precision_of(generator)) if rows.is_floating_point() else rows


def precision_of(generator: Generator) -> torch.dtype:
    """What its latents are given in: the type of all its parameters, float32 where they differ."""
    kinds = {p.dtype for p in generator.parameters() if p.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def calibration_batches(
    generator: Generator, seed: int, device: torch.device, labeller: Labeller | None = None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Counted latents, with what the generator is told beside them, for batch statistics.

    Without a `labeller` all classes are alike. Go through them within `calibrating`, for layers
    that draw.
    """
    size, count = CALIBRATION
    labeller = labeller or Labeller(generator.num_classes)
    for number in range(count):
        rng = _rng(seed, "calibration", number)
        drawn = generator.calibration_latents(size, rng=rng).to(device)
        labels = labeller.calibrating(number, size, seed=seed)
        yield drawn, None if labels is None else labels.to(device)


def calibrating(seed: int, device: torch.device) -> AbstractContextManager[None]:
    """Torch's own generators as they are while batch statistics are recomputed."""
    return seeded_layers(derive(seed, "calibration-layers"), device)


def _block(generator: Generator, seed: int, number: int) -> Tensor:
    return generator.sample_latents(BLOCK, rng=_rng(seed, "latents", number))


def _rng(seed: int, purpose: str, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive(seed, purpose, number))


@contextmanager
def seeded_layers(seed: int, device: torch.device) -> Iterator[None]:
    """Lend torch's own generators, seeded so, and give them back as they were.

    They serve layers that draw inside a network: on the CPU, and on the device where it is, which
    need not be the current one.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _passing(generator: Generator, seed: int, device: torch.device) -> Iterator[None]:
    """What a pass runs in: no gradients, seeded layers, and autocast where weights are narrow.

    The latter for what a network makes in float32 by itself, such as labels as one-hot rows.
    """
    narrow = precision_of(generator)
    cast = narrow in (torch.float16, torch.bfloat16)
    with (
        torch.no_grad(),
        seeded_layers(seed, device),
        torch.autocast(device.type, narrow) if cast else nullcontext(),
    ):
        yield


def _draws_noise(
    generator: Generator, seed: int, one: Tensor, label: Tensor | None, device: torch.device
) -> bool:
    """Whether a pass through the network draws from torch's own generators."""
    with _passing(generator, derive(seed, "layers", 0), device):
        before = _rng_state(device)
        generator(one.to(device), None if label is None else label.to(device))
        return not torch.equal(before, _rng_state(device))


def _rng_state(device: torch.device) -> Tensor:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states)


def _by_blocks(
    generator: Generator, n: int, seed: int, labels: Told | None, device: torch.device
) -> Iterator[Tensor]:
    """Whole blocks, each under its own seed; what n leaves of the last one is cut off."""
    for number in range((n + BLOCK - 1) // BLOCK):
        rows = _block(generator, seed, number).to(precision_of(generator))
        wish = _rows(generator, labels, number * BLOCK, BLOCK)
        if wish is not None and len(wish) < BLOCK:
            wish = torch.cat([wish, wish.new_zeros(BLOCK - len(wish), *wish.shape[1:])])
        with _passing(generator, derive(seed, "layers", number), device):
            made = generator(rows.to(device), None if wish is None else wish.to(device))
        yield made.float().cpu()[: n - number * BLOCK]
