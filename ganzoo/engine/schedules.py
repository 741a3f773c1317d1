"""Learning rates over a run, as functions of the images seen: there is nothing to resume."""

from __future__ import annotations

import math

import torch

from ganzoo.specs import Optimizer, Schedule


def share_of_rate(schedule: Schedule, images: int, total: int) -> float:
    """The share of the recipe's rate after `images` of a run of `total`."""
    if images < schedule.warmup:
        return images / schedule.warmup
    if schedule.name == "constant":
        return 1.0
    last = schedule.images or total
    done = min(1.0, (images - schedule.warmup) / max(1, last - schedule.warmup))
    falling = 1 - done if schedule.name == "linear" else (1 + math.cos(math.pi * done)) / 2
    return schedule.final + (1 - schedule.final) * falling


def set_rate(
    optimizer: torch.optim.Optimizer, spec: Optimizer, images: int, turn_ends: int, total: int
) -> None:
    """Give an optimizer the rate of a turn: that of the images seen when the turn ends.

    So the first turn of a warm-up moves, and the last image has the schedule's last rate.
    """
    if spec.schedule is None:
        return
    rate = spec.lr * share_of_rate(spec.schedule, images + turn_ends, total)
    for group in optimizer.param_groups:
        group["lr"] = rate
