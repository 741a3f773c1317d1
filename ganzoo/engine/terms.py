"""From the terms that a loss returns to a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import TrainingError
from ganzoo.interfaces import Terms


def backpropagate(
    terms: Terms, player: str, log: Callable[[str, Tensor], None], parts: int = 1
) -> None:
    """Take each term's mean, log it, and add a share's part of the sum's gradient.

    A loss without terms (a turn on which a player rests) adds nothing.
    """
    means = means_of(terms, player)
    if not means:
        return
    for name, mean in means.items():
        log(figure_name(player, name), mean)
    total = total_of(means, player)
    (total / parts if parts > 1 else total).backward()  # type: ignore[no-untyped-call]


def figure_name(player: str, term: str) -> str:
    """A term's name in metrics.jsonl: `discriminator.real`, or `generator` if both are equal."""
    return player if term == player else f"{player}.{term}"


def means_of(terms: Any, player: str) -> dict[str, Tensor]:
    """Each term's mean, by name; raises `TrainingError` unless the loss returned a dict."""
    if not isinstance(terms, dict):
        raise TrainingError(
            f"the loss returns {type(terms).__name__} in the {player}'s turn; "
            "return a dict of named terms"
        )
    return {name: mean_of(name, values, player) for name, values in terms.items()}


def mean_of(name: str, values: Any, player: str) -> Tensor:
    """A term's mean; raises `TrainingError` unless it is a tensor of values."""
    if not isinstance(values, Tensor) or values.dim() == 0:
        returned = "a single number" if isinstance(values, Tensor) else type(values).__name__
        raise TrainingError(
            f"the loss's {player} term {name!r} is {returned}; return values per sample ([N]) and "
            "leave the mean to the engine, or expand a batch's value"
        )
    if values.numel() == 0:
        raise TrainingError(f"the loss's {player} term {name!r} has no values")
    return values.mean(dtype=torch.float32)


def total_of(means: dict[str, Tensor], player: str) -> Tensor:
    """The sum that is backpropagated; raises `TrainingError` unless the player can change it."""
    first, *others = means.values()
    total = sum(others, start=first)
    if not total.requires_grad:
        raise TrainingError(
            f"no term of the {player}'s turn ({', '.join(means)}) depends on the {player}; "
            "is something detached?"
        )
    return total
