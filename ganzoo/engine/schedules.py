"""The numbers of a recipe that move in training, as functions of the images seen.

They need no state: after a resume, a number is its schedule's value for the images seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ganzoo.interfaces import Schedule as SchedulePart
from ganzoo.schedules import Constant, Cosine, Linear
from ganzoo.specs import Schedule

#: Sets a number where training reads it.
Put = Callable[[float], None]


class ShareOfRate(SchedulePart):
    """An optimizer's own `schedule`, whose numbers are shares of its rate."""

    def __init__(self, schedule: Schedule) -> None:
        self.needs_total = schedule.needs_total
        self._share: SchedulePart = Constant(schedule.warmup)
        if schedule.name != "constant":
            kind = {"linear": Linear, "cosine": Cosine}[schedule.name]
            self._share = kind(schedule.final, schedule.images, schedule.warmup)

    def value(self, start: float, images: int, total: int) -> float:
        """The rate after this many images."""
        return start * self._share.value(1.0, images, total)


@dataclass(frozen=True)
class Dial:
    """A number that moves: its path in the recipe, its start, and how to set it."""

    path: str
    start: float
    schedule: SchedulePart
    put: Put

    def at(self, images: int, total: int) -> float:
        """The number after this many images."""
        return self.schedule.value(self.start, images, total)


@dataclass
class MovingNumbers:
    """All numbers that move in a run of `total` images; `numbers` holds those kept nowhere else.

    A turn uses the numbers for the images seen when it ends, so that the first turn of a warm-up
    moves and the last turn uses the last numbers. The generator's turn uses those of the
    discriminator's turn before it.
    """

    total: int = 0
    dials: list[Dial] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def move(self, images: int) -> None:
        """Set every number to its value after this many images."""
        for dial in self.dials:
            dial.put(dial.at(images, self.total))

    def number(self, path: str, otherwise: float | None) -> float | None:
        """A number's value now; `otherwise` if it does not move."""
        return self.numbers.get(path, otherwise)
