"""Controls: real samples and noise, measured like a model's to show what figures mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.build import build
from ganzoo.errors import DataError, UnknownNameError, did_you_mean
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive
from ganzoo.specs import Part


def check_control(control: str) -> None:
    """Refuse an unknown control."""
    if control not in CONTROLS:
        near = did_you_mean(control, CONTROLS)
        raise UnknownNameError(f"there is no control {control!r}; {near}")


def drawn(control: str, data: Part, n: int, seed: int) -> Tensor:
    """N samples [n, *S] of a control under a seed."""
    check_control(control)
    rng = torch.Generator().manual_seed(derive("control", control, seed))
    return CONTROLS[control](build(Dataset, data), n, rng)


def real(data: Dataset, n: int, rng: torch.Generator) -> Tensor:
    """Samples of the data set itself, none twice: what a perfect generator would make."""
    if n > len(data):
        raise DataError(f"{n:,} real samples were requested, the data set has {len(data):,}")
    return data.batch(torch.randperm(len(data), generator=rng)[:n])[0]


def noise(data: Dataset, n: int, rng: torch.Generator) -> Tensor:
    """Values uniform over the data's range: what knows nothing else."""
    if data.value_range is None:
        some, _ = data.batch(torch.arange(min(len(data), 10_000)))
        low, high = float(some.min()), float(some.max())
    else:
        low, high = data.value_range
    return torch.rand(n, *data.sample_shape, generator=rng) * (high - low) + low


def none(data: Dataset, n: int, rng: torch.Generator) -> Tensor:
    """No samples at all: what a measure that also looks at real ones finds without any."""
    return torch.empty(0, *data.sample_shape)


CONTROLS: dict[str, Callable[[Dataset, int, torch.Generator], Tensor]] = {
    "noise": noise,
    "none": none,
    "real": real,
}
TITLES = {
    "noise": "control: uniform noise",
    "none": "control: no samples, real ones alone",
    "real": "control: real samples",
}
