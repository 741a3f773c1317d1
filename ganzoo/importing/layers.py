"""Tensors grouped into layers: `main.0.weight` and `main.0.bias` are one layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

#: A layer's tensors: the last parts of their names with their shapes.
Signature = frozenset[tuple[str, tuple[int, ...]]]
#: A counter of batch norm that no network needs; checkpoints from before torch 0.4.1 lack it.
COUNTER = "num_batches_tracked"


def split(name: str) -> tuple[str, str]:
    """The layer and the tensor in it: `main.0.weight` is (`main.0`, `weight`)."""
    layer, _, part = name.rpartition(".")
    return layer, part


def layers_of(tensors: Mapping[str, Tensor]) -> dict[str, Signature]:
    """The layers in order, without counters."""
    layers: dict[str, set[tuple[str, tuple[int, ...]]]] = {}
    for name, tensor in tensors.items():
        layer, part = split(name)
        if part != COUNTER:
            layers.setdefault(layer, set()).add((part, tuple(tensor.shape)))
    return {layer: frozenset(parts) for layer, parts in layers.items()}


def shaped(name: str, tensors: Mapping[str, Tensor]) -> str:
    """A tensor's name and shape: `main.0.weight [64, 3, 4, 4]`."""
    return f"{name} {list(tensors[name].shape)}"


def listed(names: Iterable[str], tensors: Mapping[str, Tensor], most: int = 3) -> str:
    """The first tensors' names and shapes, and how many more there are."""
    every = [name for name in names if split(name)[1] != COUNTER]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(shaped(name, tensors) for name in every[:most]) + more


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts main.2 before main.10."""
    return [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"(\d+)", name)]


def counted_only(name: str) -> str:
    """A name without its numbers: layers that differ only in them are ordered by them."""
    return re.sub(r"\d+", "#", name)
