"""How far apart a generator's samples lie, against real ones, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

#: Samples whose distances from each other are taken.
LOOKED_AT = 256
#: Samples are too alike when their mean distance is below this share of the data's own ...
ALIKE = 0.1
#: ... or when more than this share of their pairs are nearer than nearly all of the data's pairs,
#: all but this share of them.
TWINS, NEAREST = 0.8, 0.01
#: Samples have blown up when their mean distance is more than this multiple of the data's.
#: Untrained StyleGANs begin at 1.7, and dots that are black or white at 1.9 of MNIST's.
WILD = 2.0
#: Fewer samples than this have too few pairs for bars that are relative.
ENOUGH = 8

#: Samples [N, *S] -> features [N, F], in which diversity is measured.
Features = Callable[[Tensor], Tensor]
PIXELS: Features = torch.nn.Flatten()


@dataclass(frozen=True)
class Spread:
    """How far apart fakes lie, against real samples.

    `diversity` is their mean distance over the real samples'; `twins` is the share of their pairs
    that are nearer than all but the NEAREST of the real pairs. Data that is all alike gives 1 and
    0. `enough` says that there are enough samples for bars that are relative.
    """

    diversity: float = 1.0
    twins: float = 0.0
    enough: bool = True

    @classmethod
    def of(cls, real: Tensor, fake: Tensor, features: Features = PIXELS) -> Spread:
        """Measure fakes [N, *S] against real samples [M, *S]."""
        real, fake = (
            features(batch[:LOOKED_AT].detach().float()).flatten(1) for batch in (real, fake)
        )
        among_real, among_fake = torch.pdist(real), torch.pdist(fake)
        if not among_fake.numel() or not among_real.any():
            return cls()
        near = among_real.kthvalue(1 + int(NEAREST * len(among_real))).values
        return cls(
            diversity=float(among_fake.mean()) / float(among_real.mean()),
            twins=float((among_fake < near).double().mean()),
            enough=min(len(real), len(fake)) >= ENOUGH,
        )

    @property
    def is_little(self) -> bool:
        """Whether samples lie far nearer to each other than the data."""
        return self.diversity < ALIKE

    @property
    def has_twins(self) -> bool:
        """Whether nearly all pairs are as near as the data's nearest."""
        return self.enough and self.twins > TWINS

    @property
    def is_wild(self) -> bool:
        """Whether samples lie far further apart than the data."""
        return self.enough and self.diversity > WILD

    def figures(self, best: float | None = None) -> Iterator[str]:
        """What was measured, in words; `best` is what a diversity has fallen from."""
        yield f"their distances are {self.diversity:.0%} of the data's"
        if best is not None:
            yield f"down from {best:.0%}"
        if self.has_twins:
            yield f"and {self.twins:.0%} of pairs are as near as the data's nearest"


def verdict(spread: Spread, images: int) -> str:
    """What an eye would object to in a run's last samples; empty if nothing."""
    if spread.is_little or spread.has_twins:
        finding = "nearly all alike"
    elif spread.is_wild:
        finding = "far more unlike each other than the data"
    else:
        return ""
    return (
        f"the samples at the end are {finding}: {', '.join(spread.figures())}; {images:,} images "
        "may be too few (--images), else try R1 (loss.arguments.r1_gamma) or lower learning rates"
    )
