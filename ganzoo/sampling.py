"""Drawing samples: a seed gives the same ones on any device, in any batch, after any draws.

Latents are drawn on the CPU in whole blocks of 64, each from its own generator seeded by
(seed, block); labels likewise. A model with conditions uses its own in rotation.
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
#: Size and number of the batches from which an average's batch statistics are recomputed.
CALIBRATION = (128, 16)

#: Classes int64 [n], or conditions [n, *C], which may be made when they are read.
Labels: TypeAlias = Tensor | Rows


@dataclass(frozen=True, eq=False)
class Labeller:
    """Draws the labels or conditions of samples for which a caller gives none.

    Classes are drawn in `shares`; without shares all classes are equally likely.
    """

    num_classes: int | None = None
    shares: tuple[float, ...] = ()
    conditions: Conditions | None = None

    def drawn(self, n: int, *, seed: int, balanced: bool = False) -> Labels | None:
        """For n samples of a seed: drawn classes, the conditions in rotation, or None."""
        if self.conditions is not None:
            return self.conditions.in_circle(n)
        if self.num_classes is None:
            return None
        return drawn_labels(self.num_classes, n, seed=seed, shares=() if balanced else self.shares)

    def in_order(self, n: int) -> Labels | None:
        """For a grid of n samples: the classes or conditions in order, or None."""
        if self.conditions is not None:
            return self.conditions.in_circle(n)
        return None if self.num_classes is None else torch.arange(n) % self.num_classes

    def calibrating(self, number: int, size: int, *, seed: int) -> Tensor | None:
        """For batch `number` of those from which batch statistics are recomputed."""
        if self.conditions is not None:
            calibration = self.conditions.calibration
            return calibration[(number * size + torch.arange(size)) % len(calibration)]
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
    """Labels int64 [n], drawn in blocks like the latents: in `shares`, or else uniformly."""
    blocks = []
    for number in range((n + BLOCK - 1) // BLOCK):
        rng = _rng(seed, "labels", number)
        if are_even(shares):
            blocks.append(torch.randint(num_classes, (BLOCK,), generator=rng))
        else:
            blocks.append(_in_shares(shares, BLOCK, rng))
    return torch.cat(blocks)[:n]


def are_even(shares: tuple[float, ...]) -> bool:
    """Whether all classes are equally likely, as they are without shares."""
    return len(set(shares)) <= 1


def _in_shares(shares: tuple[float, ...], n: int, rng: torch.Generator) -> Tensor:
    """Classes int64 [n], each where the shares' distribution function reaches a uniform number."""
    ends = torch.tensor(shares, dtype=torch.float64).cumsum(0)
    uniform = torch.rand(n, generator=rng, dtype=torch.float64)
    last = max(number for number, share in enumerate(shares) if share > 0)
    return torch.searchsorted(ends, uniform * ends[-1], right=True).clamp_max(last)


def samples(
    generator: Generator, n: int, *, seed: int, labels: Labels | None = None, batch: int = BLOCK
) -> Tensor:
    """Draw n samples of a seed: float32 [n, *S] on the CPU, from a generator in eval mode.

    A conditional generator needs `labels`, n classes or conditions. A network that draws noise of
    its own runs in whole blocks, each with its own seed, so that its samples do not depend on n or
    `batch`.
    """
    return torch.cat([*batches(generator, n, seed=seed, labels=labels, batch=batch)])


def batches(
    generator: Generator,
    n: int,
    *,
    seed: int,
    labels: Labels | None = None,
    batch: int = BLOCK,
    given: Tensor | None = None,
) -> Iterator[Tensor]:
    """The same samples piece by piece, for more of them than memory holds.

    Latents that are `given`, [n, D], take the place of the seed's.
    """
    if batch < 1:
        raise UsageError(f"batch must be 1 or more, found {batch}")
    device = next((p.device for p in generator.parameters()), torch.device("cpu"))
    whole_blocks = n + -n % BLOCK
    drawn = latents(generator, whole_blocks, seed=seed) if given is None else given.cpu()
    drawn = drawn.to(precision_of(generator))
    if _draws_noise(generator, seed, drawn[:1], _rows(generator, labels, 0, 1), device):
        pieces = _by_blocks(generator, _filled_up(drawn, whole_blocks), seed, labels, device)
        yield from _cut(pieces, n)
        return
    drawn = drawn[:n]
    for first in range(0, n, batch):
        rows = _rows(generator, labels, first, batch)
        with _inference(generator, derive(seed, "layers", 0), device):
            samples = generator(
                drawn[first : first + batch].to(device), None if rows is None else rows.to(device)
            )
        yield samples.float().cpu()


def _rows(generator: Generator, labels: Labels | None, first: int, count: int) -> Tensor | None:
    """The labels of some rows; conditions in the type that the generator computes in."""
    if labels is None:
        return None
    rows = labels[first : first + count]
    return rows.to(precision_of(generator)) if rows.is_floating_point() else rows


def precision_of(generator: Generator) -> torch.dtype:
    """The type of all its parameters, and so of its latents; float32 if they differ."""
    kinds = {p.dtype for p in generator.parameters() if p.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def calibration_batches(
    generator: Generator, seed: int, device: torch.device, labeller: Labeller | None = None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """(latents, labels) for batch statistics, both functions of the seed.

    Without a `labeller` all classes are equally frequent. Iterate within `calibrating`, which seeds
    layers that draw.
    """
    size, count = CALIBRATION
    labeller = labeller or Labeller(generator.num_classes)
    for number in range(count):
        rng = _rng(seed, "calibration", number)
        drawn = generator.calibration_latents(size, rng=rng).to(device)
        labels = labeller.calibrating(number, size, seed=seed)
        yield drawn, None if labels is None else labels.to(device)


def calibrating(seed: int, device: torch.device) -> AbstractContextManager[None]:
    """Seed torch's own generators while batch statistics are recomputed."""
    return seeded_layers(derive(seed, "calibration-layers"), device)


def _block(generator: Generator, seed: int, number: int) -> Tensor:
    return generator.sample_latents(BLOCK, rng=_rng(seed, "latents", number))


def _rng(seed: int, purpose: str, number: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive(seed, purpose, number))


@contextmanager
def seeded_layers(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's own generators, for layers that draw, and restore them afterwards.

    Both the CPU's and that of the network's device, which need not be the current device.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _inference(generator: Generator, seed: int, device: torch.device) -> Iterator[None]:
    """Run passes without gradients, with seeded layers, and under autocast if weights are narrow.

    Autocast serves tensors that a network itself makes in float32, such as one-hot labels.
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
    with _inference(generator, derive(seed, "layers", 0), device):
        before = _rng_state(device)
        generator(one.to(device), None if label is None else label.to(device))
        return not torch.equal(before, _rng_state(device))


def _rng_state(device: torch.device) -> Tensor:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return torch.cat(states)


def _by_blocks(
    generator: Generator, drawn: Tensor, seed: int, labels: Labels | None, device: torch.device
) -> Iterator[Tensor]:
    """The samples of whole blocks of latents, each block under its own seed."""
    for number, first in enumerate(range(0, len(drawn), BLOCK)):
        block = drawn[first : first + BLOCK]
        rows = _rows(generator, labels, number * BLOCK, BLOCK)
        rows = None if rows is None else _filled_up(rows, BLOCK).to(device)
        with _inference(generator, derive(seed, "layers", number), device):
            samples = generator(block.to(device), rows)
        yield samples.float().cpu()


def _filled_up(rows: Tensor, count: int) -> Tensor:
    """Rows [count, ...], zeros where there are fewer."""
    missing = count - len(rows)
    return torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])]) if missing else rows


def _cut(pieces: Iterator[Tensor], n: int) -> Iterator[Tensor]:
    """The first n rows of pieces."""
    for piece in pieces:
        yield piece[:n]
        n -= len(piece)
