"""Making checks one after the other, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.cards import Card
from ganzoo.errors import CheckError, one_line
from ganzoo.plugins import Source
from ganzoo.testing.faults import Skipped, raised_at
from ganzoo.testing.planning import Planned, checks_of


@dataclass(frozen=True)
class Result:
    """What came of a check: `ok`, `WRONG`, `waived` or `skipped`; what it said, and how long."""

    subject: str
    check: str
    outcome: str
    said: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return self.outcome != "WRONG"


def run_checks(
    what: str | Path | ModuleType | Source | Card,
    *,
    examples: Mapping[str, Any] | None = None,
    waivers: Mapping[str, str] | None = None,
    fast: bool = False,
    tell: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Make all checks of a plugin or a model (see `checks_of`); `tell` gets each result at once."""
    return run_planned(checks_of(what, examples=examples, waivers=waivers, fast=fast), tell=tell)


def run_planned(
    planned: Iterable[Planned], *, tell: Callable[[Result], None] | None = None
) -> list[Result]:
    """Make these checks."""
    found = []
    for one in planned:
        found.append(run_one(one))
        if tell is not None:
            tell(found[-1])
    return found


def run_one(planned: Planned) -> Result:
    """Make one check. What a part raises by itself is found wrong, with the line that raised."""
    started = time.perf_counter()
    try:
        outcome, said = "ok", planned() or ""
        if planned.waiver is not None:
            outcome, said = "waived", planned.waiver
    except Skipped as reason:
        outcome, said = "skipped", str(reason)
    except CheckError as error:
        outcome, said = "WRONG", str(error).removeprefix(f"{planned.subject.id}: ")
    except Exception as error:
        outcome, said = "WRONG", f"{one_line(error)} [{raised_at(error)}]"
    seconds = time.perf_counter() - started
    return Result(planned.subject.id, planned.name, outcome, said, seconds)
