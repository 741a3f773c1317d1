"""Checks of the rows that a metric is given, and the blocks in which it works on them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo.errors import MetricError

#: Most elements of a temporary: 8 MiB in float64. From 32 MiB on, memory is mapped anew at each
#: use, and a nearest-neighbour search takes 1.4 times as long.
_BLOCK = 2**20


def row_blocks(rows: int, width: int) -> Iterator[slice]:
    """Slices that cover all rows, each of at most 8 MiB in float64 at `width` values a row."""
    step = max(1, _BLOCK // max(1, width))
    return (slice(start, start + step) for start in range(0, rows, step))


def check_rows(name: str, rows: Tensor) -> None:
    """Refuse all but finite floating-point [N, F] with N and F above 0; errors contain `name`."""
    if rows.dim() != 2 or 0 in rows.shape:
        raise MetricError(f"{name} must be [N, F] with N and F above 0, found {list(rows.shape)}")
    if not rows.is_floating_point():
        raise MetricError(f"{name} must be floating point, found {rows.dtype}: convert them first")
    bad = sum(int((~rows[block].isfinite().all(1)).sum()) for block in row_blocks(*rows.shape))
    if bad:
        raise MetricError(
            f"{bad} of {len(rows)} rows of {name} hold NaN or infinity: find their cause, since a "
            "figure of the others would flatter"
        )


def as_doubles(values: Tensor) -> Tensor:
    """The values in float64 on the CPU, without their graph."""
    return values.detach().cpu().to(torch.float64)  # in this order: not every device has float64


def as_features(**sets: Tensor) -> tuple[Tensor, ...]:
    """Sets [N, F] with one F, each under its name: checked, in float64 on the CPU."""
    for name, rows in sets.items():
        check_rows(name, rows)
    widths = {name: rows.shape[1] for name, rows in sets.items()}
    if len(set(widths.values())) > 1:
        listed = " and ".join(f"{width} in {name}" for name, width in widths.items())
        raise MetricError(f"rows must have one width, found {listed}: take all from one source")
    return tuple(as_doubles(rows) for rows in sets.values())


def check_k(name: str, rows: Tensor, k: int) -> None:
    """Refuse a set [N, F] that has no k neighbours for each row."""
    if k < 1:
        raise MetricError(f"k must be 1 or more, found {k}")
    if len(rows) <= k:
        raise MetricError(
            f"{k} neighbours need more than {k} rows, found {len(rows)} in {name}: draw more"
        )
