"""Seeds, perturbed weights and comparisons that the checks share."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.interfaces import Discriminator, Generator

N = TypeVar("N", bound=nn.Module)
P = TypeVar("P", Generator, Discriminator)

#: The least amount by which `shake` moves a parameter: enough to wake layers that start as zeros.
LEAST_MOVE = 0.1
#: The largest pack of samples that `pack_size` tries.
LARGEST_PACK = 12


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global generator, and restore its state afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def random_states() -> dict[str, Any]:
    """The states of the global random generators, by library."""
    numpy_state = np.random.get_state(legacy=False)["state"]
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": {name: np.asarray(value).tobytes() for name, value in numpy_state.items()},
        "random": random.getstate(),
    }


def moved_states(before: Mapping[str, Any], *libraries: str) -> list[str]:
    """The libraries whose global generator has moved since `before`."""
    after = random_states()
    return [name for name in libraries if after[name] != before[name]]


@torch.no_grad()
def shake(network: N, seed: int) -> N:
    """Move every parameter by about its own size, in place.

    What still holds of a shaken network holds because of its structure, not of its first weights:
    a layer that starts as zeros hides nothing any more.
    """
    rng = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.is_floating_point():
            size = float(parameter.std()) if parameter.numel() > 1 else 0.0
            noise = torch.randn(parameter.shape, generator=rng).to(parameter)
            parameter.add_(max(size, LEAST_MOVE) * noise)
    return network


def isolate_draws(network: P) -> P:
    """Make every pass of a network draw the same numbers and leave the global generators alone."""
    for module in network.modules():
        override(module, "forward", _isolated(module.forward))
    override(network, "outputs", _isolated(network.outputs))
    return network


def override(module: nn.Module, method: str, call: Callable[..., Any]) -> None:
    """Replace a method of one module."""
    object.__setattr__(module, method, call)


def _isolated(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def isolated(*given: Any, **named: Any) -> Any:
        numpy_state, python_state = np.random.get_state(), random.getstate()
        np.random.seed(0)
        random.seed(0)
        try:
            with seeded(0):
                return call(*given, **named)
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)

    return isolated


@contextmanager
def buffers_kept(*modules: nn.Module) -> Iterator[None]:
    """Restore the buffers of modules afterwards: passes in train mode move them."""
    buffers = [(buffer, buffer.clone()) for module in modules for buffer in module.buffers()]
    yield
    with torch.no_grad():
        for buffer, value in buffers:
            buffer.copy_(value)


def pack_size(
    network: Discriminator, labels_of: Callable[[int], Tensor | None] | None = None
) -> int:
    """The least number of samples that get a score; 1 if no number does.

    `labels_of(rows)` makes labels for so many rows.
    """
    network.eval()
    for rows in range(1, LARGEST_PACK + 1):
        labels = labels_of(rows) if labels_of else any_labels(network, rows)
        try:
            with torch.no_grad(), seeded(0):
                scores = network(torch.zeros(rows, *network.sample_shape), labels)
        except Exception:
            continue  # whatever it raises, it does not take this number
        if isinstance(scores, Tensor) and scores.dim() and len(scores):
            return rows
    return 1


def any_labels(network: Generator | Discriminator, rows: int) -> Tensor | None:
    """Zeros as conditions or classes; None if the network takes neither."""
    if network.condition_shape is not None:
        return torch.zeros(rows, *network.condition_shape)
    return None if network.num_classes is None else torch.zeros(rows, dtype=torch.long)


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network's state."""
    state = network.state_dict()
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def first_difference(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that differs or that one of the two lacks."""
    names: Iterable[str] = dict.fromkeys([*a, *b])
    return next((n for n in names if n not in a or n not in b or not equal(a[n], b[n])), None)


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors have equal types, shapes and values; NaN equals NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.is_floating_point():
        return bool(torch.isclose(a, b, rtol=0, atol=0, equal_nan=True).all())
    return torch.equal(a, b)


def relative_difference(a: Tensor, b: Tensor, rows: slice | None = None) -> float:
    """The greatest difference of two tensors, relative to the greatest value of either.

    `rows` limits the difference, but not the value, to some rows.
    """
    if a.numel() == 0:
        return 0.0
    scale = max(float(a.abs().max()), float(b.abs().max()), 1e-12)
    return float((a - b)[slice(None) if rows is None else rows].abs().max()) / scale
