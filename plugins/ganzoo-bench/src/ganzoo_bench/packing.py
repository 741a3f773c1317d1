"""Packs: a discriminator that looks at several samples at once (Lin et al. 2018, section 3).

A generator that has lost modes makes packs that are less diverse than real ones, which a
discriminator of packs sees and one of single samples cannot.
"""

from __future__ import annotations

from torch import Tensor


def check_pack(pack: int) -> int:
    """The number of samples in a pack, if it is one."""
    if pack < 1:
        raise ValueError(f"pack must be 1 or more, found {pack}")
    return pack


def packed(samples: Tensor, pack: int) -> Tensor:
    """Join each `pack` samples that follow each other: [N, C, ...] -> [N / pack, pack * C, ...]."""
    if len(samples) % pack:
        raise ValueError(
            f"{len(samples)} samples are no packs of {pack}; choose a batch that {pack} divides"
        )
    return samples.reshape(-1, pack * samples.shape[1], *samples.shape[2:])
