"""A check of a schedule: a number, and a pure function of the images seen."""

from __future__ import annotations

import math
from typing import Any

from ganzoo.errors import one_line
from ganzoo.interfaces import Schedule
from ganzoo.testing.causes import refuses, remedy, written
from ganzoo.testing.faults import Blocked, authors_line, wrong
from ganzoo.testing.subjects import ScheduleSubject

#: Numbers that are moved, and totals of images.
STARTS, TOTALS = (1e-3, 2.0), (10_000, 20_000)


def check_values(subject: ScheduleSubject) -> str:
    """Its values are finite numbers, alike whenever they are asked for, whatever was before."""
    schedule: Any = subject.made()
    if not isinstance(schedule, Schedule):
        raise Blocked("check_builds", "it is no ganzoo.Schedule")
    at = subject.line()
    if refuses(schedule.value, 3):
        raise wrong(
            "value is called with start, images and total, and it is written "
            f"{written(schedule.value)}: write def value(self, start, images, total)",
            at,
        )
    whens = [(start, images) for start in STARTS for images in (0, 1, 5_000, TOTALS[0])]
    first = [_value(subject, schedule, start, images, TOTALS[0]) for start, images in whens]
    again = [_value(subject, schedule, s, i, TOTALS[0]) for s, i in reversed(whens)]
    if first != again[::-1]:
        raise wrong(
            "asked a second time, in another order, it gives other values: a run that goes on "
            "asks anew; compute them from start, images and total alone",
            subject.line(r"self\.\w+\s*[-+*/]?="),
        )
    longer = [_value(subject, schedule, start, images, TOTALS[1]) for start, images in whens]
    if not schedule.needs_total and first != longer:
        raise wrong(
            "its values depend on the run's total, and needs_total is False: a run whose images "
            "are raised would have had others; write needs_total = True in the class",
            subject.line("total"),
        )
    return f"from {first[0]:.3g} to {first[3]:.3g} of {STARTS[0]:g}"


def _value(
    subject: ScheduleSubject, schedule: Schedule, start: float, images: int, total: int
) -> float:
    """A value, if it is a number."""
    try:
        value: Any = schedule.value(start, images, total)
    except Exception as error:
        hint = remedy(error)
        raise wrong(
            f"value({start:g}, {images}, {total}) fails ({one_line(error)[:160]})"
            f"{hint and f': {hint}'}",
            authors_line(error) or subject.line(),
        ) from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong(
            f"value({start:g}, {images}, {total}) is {value!r}: it is a finite number; look for a "
            "missing return, a division by 0, or a tensor",
            subject.line("return|/"),
        )
    return float(value)
