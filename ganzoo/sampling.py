"""Drawing samples so that a seed means the same whatever the chunk, the device or the past.

Latents are drawn on the CPU in whole blocks of 64, each from a generator of its own seeded by
(seed, block); labels likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from ganzoo.errors import UsageError
from ganzoo.interfaces import Generator
from ganzoo.seeds import derive

BLOCK = 64
#: Latents per batch, and batches, from which an average's batch statistics are recomputed.
CALIBRATION = (128, 16)


def latents(generator: Generator, n: int, *, seed: int, start: int = 0) -> Tensor:
    """Latents number `start` to `start + n` of a seed: [n, D], on the CPU."""
    if n < 1 or start < 0:
        raise UsageError(f"n must be 1 or more and start 0 or more, found {n} and {start}")
    first, last = start // BLOCK, (start + n - 1) // BLOCK
    blocks = [_block(generator, seed, number) for number in range(first, last + 1)]
    return torch.cat(blocks)[start - first * BLOCK :][:n]


def drawn_labels(num_classes: int, n: int, *, seed: int) -> Tensor:
    """Labels int64 [n], uniform over the classes, in blocks like the latents."""
    blocks = [
        torch.randint(num_classes, (BLOCK,), generator=_rng(seed, "labels", number))
        for number in range((n + BLOCK - 1) // BLOCK)
    ]
    return torch.cat(blocks)[:n]


def samples(
    generator: Generator, n: int, *, seed: int, labels: Tensor | None = None, batch: int = BLOCK
) -> Tensor:
    """Draw n samples of a seed: float32 [n, *S] on the CPU, from a generator in eval mode.

    `labels` int64 [n] are needed by a conditional generator. A network that draws noise of its
    own is run in whole blocks, each seeded, so that its samples do not depend on n or `batch`.
    """
    return torch.cat([*batches(generator, n, seed=seed, labels=labels, batch=batch)])


def batches(
    generator: Generator, n: int, *, seed: int, labels: Tensor | None = None, batch: int = BLOCK
) -> Iterator[Tensor]:
    """The same samples piece by piece, for more of them than memory holds."""
    if batch < 1:
        raise UsageError(f"batch must be 1 or more, found {batch}")
    device = next((p.device for p in generator.parameters()), torch.device("cpu"))
    drawn = latents(generator, n, seed=seed).to(precision_of(generator))
    if _draws_noise(generator, seed, drawn[:1], None if labels is None else labels[:1], device):
        yield from _by_blocks(generator, n, seed, labels, device)
        return
    for first in range(0, n, batch):
        wish = None if labels is None else labels[first : first + batch].to(device)
        with _passing(generator, derive(seed, "layers", 0), device):
            made = generator(drawn[first : first + batch].to(device), wish)
        yield made.float().cpu()


def precision_of(generator: Generator) -> torch.dtype:
    """What its latents are given in: the type of all its parameters, float32 where they differ."""
    kinds = {p.dtype for p in generator.parameters() if p.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def calibration_batches(
    generator: Generator, seed: int, device: torch.device, conditions: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Counted latents, with labels where the generator takes them, for batch statistics.

    `conditions` are floating labels, for the first of each batch's rows. Go through them within
    `calibrating`, for layers that draw.
    """
    size, count = CALIBRATION
    classes = generator.num_classes
    for number in range(count):
        rng = _rng(seed, "calibration", number)
        drawn = generator.sample_latents(size, rng=rng).to(device)
        labels = conditions if classes is None else torch.arange(size) % classes
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
    generator: Generator, n: int, seed: int, labels: Tensor | None, device: torch.device
) -> Iterator[Tensor]:
    """Whole blocks, each under its own seed; what n leaves of the last one is cut off."""
    for number in range((n + BLOCK - 1) // BLOCK):
        rows = _block(generator, seed, number).to(precision_of(generator))
        wish = None if labels is None else labels[number * BLOCK :][:BLOCK]
        if wish is not None and len(wish) < BLOCK:
            wish = torch.cat([wish, wish.new_zeros(BLOCK - len(wish), *wish.shape[1:])])
        with _passing(generator, derive(seed, "layers", number), device):
            made = generator(rows.to(device), None if wish is None else wish.to(device))
        yield made.float().cpu()[: n - number * BLOCK]
