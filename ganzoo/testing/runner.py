"""Making checks one after the other, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.cards import Card
from ganzoo.errors import CheckError, one_line
from ganzoo.plugins import PluginSource
from ganzoo.testing.blame import Ledger, Result, not_run, settled
from ganzoo.testing.causes import remedy
from ganzoo.testing.collecting import Planned, checks_of
from ganzoo.testing.failures import Blocked, Skipped, raised_at


def run_checks(
    what: str | Path | ModuleType | PluginSource | Card,
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
    """Make these checks, but for those that a fault which was found stops."""
    ledger, found = Ledger(), []
    for one in planned:
        cause = ledger.cause(one)
        result, error = (not_run(one, cause), None) if cause else _made(one)
        found.append(ledger.noted(one, result, error))
        if tell is not None:
            tell(found[-1])
    return settled(found)


def run_one(planned: Planned) -> Result:
    """Make one check. What a part raises by itself is found wrong, with the line that raised."""
    return _made(planned)[0]


def _made(planned: Planned) -> tuple[Result, Exception | None]:
    """What came of a check, and what it raised."""
    started = time.perf_counter()
    because = ""
    raised: Exception | None = None
    try:
        outcome, said = "ok", planned() or ""
        if planned.waiver is not None:
            outcome, said = "waived", planned.waiver
    except Blocked as reason:
        outcome, said, raised = "not run", str(reason), reason
        because = f"{reason.subject or planned.subject.id} {reason.check}"
    except Skipped as reason:
        outcome, said = "skipped", str(reason)
    except CheckError as error:
        outcome, said = "WRONG", str(error).removeprefix(f"{planned.subject.id}: ")
        raised = error
    except Exception as error:
        hint = remedy(error)
        said = f"{one_line(error)}{hint and f': {hint}'} [{raised_at(error)}]"
        outcome, raised = "WRONG", error
    seconds = time.perf_counter() - started
    return Result(planned.subject.id, planned.name, outcome, said, seconds, because), raised
