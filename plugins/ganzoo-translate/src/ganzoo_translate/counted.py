"""Random numbers that belong to rows: a function of a row's number alone, on every device."""

from __future__ import annotations

import torch
from torch import Tensor

#: The increment and the multipliers of splitmix64 (Steele, Lea and Flood 2014), as signed int64.
GOLDEN = 0x9E3779B97F4A7C15 - 2**64
FIRST, SECOND = 0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64
#: Bits of a float32's fraction.
BITS = 24


def uniform(numbers: Tensor, count: int) -> Tensor:
    """Row numbers int64 [N] -> values float32 [N, count] in [0, 1)."""
    places = torch.arange(1, count + 1, device=numbers.device)
    state = _mixed(numbers + 1)[:, None] + places * GOLDEN
    return torch.div(_shifted(_mixed(state), 64 - BITS), 2**BITS)


def _mixed(state: Tensor) -> Tensor:
    """The finaliser of splitmix64; products wrap around."""
    state = (state ^ _shifted(state, 30)) * FIRST
    state = (state ^ _shifted(state, 27)) * SECOND
    return torch.bitwise_xor(state, _shifted(state, 31))


def _shifted(state: Tensor, by: int) -> Tensor:
    """Bits moved to the right, zeros from the left, where int64 would repeat the sign."""
    return torch.bitwise_and(state >> by, 2 ** (64 - by) - 1)
