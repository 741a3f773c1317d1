"""The numbers of a recipe that move in training, as functions of the images seen.

There is nothing to resume: a number is what its schedule says for the images seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ganzoo.interfaces import Schedule as MovingNumber
from ganzoo.specs import Schedule

#: Puts a number where training reads it.
Put = Callable[[float], None]


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


class ShareOfRate(MovingNumber):
    """An optimizer's own `schedule`, whose numbers are shares of its rate."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.needs_total = schedule.needs_total

    def value(self, start: float, images: int, total: int) -> float:
        """The rate after so many images."""
        return start * share_of_rate(self.schedule, images, total)


@dataclass(frozen=True)
class Dial:
    """A number that moves: its path in the recipe, where it starts, and where training reads it."""

    path: str
    start: float
    schedule: MovingNumber
    put: Put

    def at(self, images: int, total: int) -> float:
        """The number after so many images."""
        return self.schedule.value(self.start, images, total)


@dataclass
class Moving:
    """All numbers that move in a run of `total` images; `numbers` holds those without a home.

    A turn's numbers are those of the images seen when it ends, so that the first turn of a warm-up
    moves and the last image has the last numbers. The generator's turn has those of the
    discriminator's before it.
    """

    total: int = 0
    dials: list[Dial] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def move(self, images: int) -> None:
        """Put every number where it is after so many images."""
        for dial in self.dials:
            dial.put(dial.at(images, self.total))

    def number(self, path: str, otherwise: float | None) -> float | None:
        """A number of the recipe as it is now; `otherwise` where it does not move."""
        return self.numbers.get(path, otherwise)
