"""Labels and conditions as vectors, for networks that are told what to draw."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def embedding(
    num_classes: int | None, condition_shape: Sequence[int] | None, dim: int
) -> nn.Module | None:
    """A layer from labels int64 [N], or conditions float32 [N, K], to vectors [N, dim].

    None if there are neither. Weights are from N(0, 1), so that one-hot conditions mean what labels
    do, and conditions of several ones the sum of their vectors. `ValueError` for fewer than two
    classes, for classes and conditions at once, and for conditions that are no vectors.
    """
    if num_classes is not None and condition_shape is not None:
        raise ValueError("num_classes and condition_shape are alternatives; leave one None")
    if condition_shape is not None:
        return _of_conditions(tuple(condition_shape), dim)
    if num_classes is None:
        return None
    if num_classes < 2:
        raise ValueError(f"num_classes is 2 or more, or None; found {num_classes}")
    return nn.Embedding(num_classes, dim)


def _of_conditions(shape: tuple[int, ...], dim: int) -> nn.Linear:
    """A layer from vectors of K numbers."""
    if len(shape) != 1 or shape[0] < 1:
        raise ValueError(
            f"condition_shape is [K], for vectors, or None; found {list(shape)}; pictures as "
            "conditions need a network that reads them, such as ganzoo-translate's unet"
        )
    layer = nn.Linear(shape[0], dim, bias=False)
    nn.init.normal_(layer.weight)
    return layer
