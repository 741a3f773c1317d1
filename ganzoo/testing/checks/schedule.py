"""Checks of a schedule: finite numbers that depend on the images seen and on nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from ganzoo.interfaces import Schedule
from ganzoo.testing.failures import (
    Blocked,
    authors_line,
    refuses,
    remedy,
    short,
    signature_of,
    wrong,
)
from ganzoo.testing.numerics import moved_states, random_states, seeded
from ganzoo.testing.subjects import PartSubject

#: A run's images, and numbers of a recipe that a schedule may start from.
TOTAL, OTHER_TOTAL, STARTS = 100_000, 250_000, (0.9, 2e-4, 0.0)
#: The images at which values are asked for: a run's last turn may end beyond its total.
IMAGES = (0, 1, 64, 5_000, 25_000, 50_000, 75_000, 99_936, TOTAL, TOTAL + 63)
#: Clocks, and the seconds by which they are put forward.
CLOCKS, LATER = ("time", "monotonic", "perf_counter", "process_time"), 4_000_000.0


def check_values(subject: PartSubject) -> str:
    """Every value is a finite number, from the first image to beyond the last."""
    schedule = subject.made()
    for start in STARTS:
        for images in IMAGES:
            value = _value(subject, schedule, start, images)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value):
                raise subject.wrong(
                    f"value({start}, {images}, {TOTAL}) is {value!r} instead of a finite number, "
                    "which is required at every image of a run and a little beyond: look for a "
                    "division by 0, or a missing return",
                    "return|/",
                )
    ends = [_value(subject, schedule, STARTS[0], images) for images in (0, TOTAL)]
    return f"{STARTS[0]} moves from {ends[0]:.3g} to {ends[1]:.3g}"


def check_pure(subject: PartSubject) -> None:
    """Asked again, in another order or later, it gives the same: resumed runs are exact."""
    schedule = subject.made()
    with seeded(0):
        before = random_states()
        first = _values(subject, schedule)
        moved = moved_states(before, "torch", "numpy", "random")
    if moved:
        raise subject.wrong(
            f"it draws from the global generator of {moved[0]}, and a schedule must be a function "
            "of the images seen: draw nothing",
            r"rand",
        )
    for asked in (schedule, subject.made()):
        again = [_value(subject, asked, STARTS[0], images) for images in reversed(IMAGES)]
        if again[::-1] != first:
            raise subject.wrong(
                "asked again in another order it gives other numbers: it keeps something from call "
                "to call, or draws; make value a function of start, images and total alone",
                r"self\.\w+\s*[-+*/]?=(?!=)|rand|next\(",
            )
    with _later():
        later = _values(subject, schedule)
    if later != first:
        raise subject.wrong(
            "some days later it gives other numbers: it reads a clock, so a resumed run would "
            "differ; count in images",
            r"time\.|time\(|datetime|monotonic|perf_counter|clock",
        )


def check_total(subject: PartSubject) -> str:
    """If its values depend on the length of the run, it declares `needs_total`."""
    schedule = subject.made()
    for images in IMAGES:
        asked = (TOTAL, OTHER_TOTAL, TOTAL)
        values = [schedule.value(STARTS[0], images, total) for total in asked]
        if values[0] != values[2]:
            raise Blocked("check_pure", "asked twice it gives two numbers")
        if values[0] != values[1] and not schedule.needs_total:
            raise subject.wrong(
                f"after {images:,} images its number depends on the run's total ({values[0]:.4g} "
                f"of {TOTAL:,}, {values[1]:.4g} of {OTHER_TOTAL:,}), and needs_total is False, so "
                "a run whose images are raised would have followed another path: set "
                "needs_total = True",
                r"needs_total|\btotal\b",
            )
    return "depends on the run's images" if schedule.needs_total else "the same for any run"


def _values(subject: PartSubject, schedule: Schedule) -> list[Any]:
    return [_value(subject, schedule, STARTS[0], images) for images in IMAGES]


def _value(subject: PartSubject, schedule: Schedule, start: float, images: int) -> Any:
    if refuses(schedule.value, 3):
        raise subject.wrong(
            "value is called with start, images and total, and is declared as "
            f"{signature_of(schedule.value)}: write def value(self, start, images, total)"
        )
    try:
        return schedule.value(start, images, TOTAL)
    except Exception as error:
        hint = remedy(error) or "it is called at every image of a run and a little beyond"
        raise wrong(
            f"value({start}, {images}, {TOTAL}) fails ({short(error, 200)}): {hint}",
            authors_line(error) or subject.line(),
        ) from error


@contextmanager
def _later() -> Iterator[None]:
    """Put the clocks of Python's `time` forward."""
    import time

    with ExitStack() as stack:
        for name in CLOCKS:
            now = getattr(time, name)() + LATER
            stack.enter_context(patch.object(time, name, lambda now=now: now))
        yield
