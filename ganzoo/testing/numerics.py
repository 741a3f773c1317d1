"""Ways to look at a network: seeded, shaken, sheltered, and with other rows beside a row."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.interfaces import Discriminator, Generator

N = TypeVar("N", bound=nn.Module)
P = TypeVar("P", Generator, Discriminator)

#: Shaken parameters move at least so far: enough to wake layers that begin as zeros.
LEAST_MOVE = 0.1
#: Packs of samples are looked for up to this size.
LARGEST_PACK = 12


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Lend torch's own generator, seeded, and give it back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def random_states() -> dict[str, bytes]:
    """The states of everybody's global generators, by who owns them."""
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr(np.random.get_state(legacy=False)).encode(),
        "random": repr(random.getstate()).encode(),
    }


def moved_states(before: Mapping[str, bytes], *owners: str) -> list[str]:
    """Whose global generators are no longer as they were."""
    after = random_states()
    return [name for name in owners if after[name] != before[name]]


@torch.no_grad()
def shake(network: N, seed: int) -> N:
    """Move every parameter by about its own size, so that nothing is what a constructor made it.

    What holds of a network however it is shaken holds by its structure, not by its first weights:
    a layer that begins as zeros hides nothing any more.
    """
    rng = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.is_floating_point():
            size = float(parameter.std()) if parameter.numel() > 1 else 0.0
            noise = torch.randn(parameter.shape, generator=rng).to(parameter)
            parameter.add_(max(size, LEAST_MOVE) * noise)
    return network


def shelter(network: P) -> P:
    """Let a network's passes, its layers' too, leave everybody's global generators as they were.

    What they draw is the same at each pass.
    """
    for module in network.modules():
        override(module, "forward", _sheltered(module.forward))
    override(network, "outputs", _sheltered(network.outputs))
    return network


def override(module: nn.Module, method: str, call: Callable[..., Any]) -> None:
    """Put a function in the place of one module's method."""
    object.__setattr__(module, method, call)


def _sheltered(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def sheltered(*given: Any, **named: Any) -> Any:
        of_numpy, of_python = np.random.get_state(), random.getstate()
        np.random.seed(0)
        random.seed(0)
        try:
            with seeded(0):
                return call(*given, **named)
        finally:
            np.random.set_state(of_numpy)
            random.setstate(of_python)

    return sheltered


def pack_of(network: Discriminator, labels: Callable[[int], Tensor | None] | None = None) -> int:
    """The least number of samples that a discriminator gives a score to; 1 where none gets any.

    `labels(rows)` gives the labels of so many rows.
    """
    network.eval()
    for rows in range(1, LARGEST_PACK + 1):
        given = labels(rows) if labels else _first_class(network, rows)
        try:
            with torch.no_grad(), seeded(0):
                scores = network(torch.zeros(rows, *network.sample_shape), given)
        except Exception:
            continue  # whatever it raises, it takes no such number
        if isinstance(scores, Tensor) and scores.dim() and len(scores):
            return rows
    return 1


def _first_class(network: Discriminator, rows: int) -> Tensor | None:
    if network.condition_shape is not None:
        return torch.zeros(rows, *network.condition_shape)
    return None if network.num_classes is None else torch.zeros(rows, dtype=torch.long)


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """The state of a network, without what is no tensor: that cannot be shipped anyway."""
    state = network.state_dict()
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def first_difference(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor whose values differ, or that one of the two lacks."""
    for name in [*a, *(name for name in b if name not in a)]:
        if name not in a or name not in b or not equal(a[name], b[name]):
            return name
    return None


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors hold the same values in the same type; NaN is NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    same = a == b
    if a.is_floating_point():
        same |= a.isnan() & b.isnan()
    return bool(same.all())


def apart(a: Tensor, b: Tensor) -> float:
    """The greatest difference of two tensors against the greatest value of either."""
    if a.numel() == 0:
        return 0.0
    scale = max(float(a.abs().max()), float(b.abs().max()), 1e-12)
    return float((a - b).abs().max()) / scale
