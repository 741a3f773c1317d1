"""Running checks one after the other, and reporting each fault once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.cards import Card
from ganzoo.errors import CheckError, one_line
from ganzoo.plugins import PluginSource
from ganzoo.testing.checks import FOUNDATIONS, TOGETHER
from ganzoo.testing.checks.plugin import check_loads
from ganzoo.testing.collecting import Planned, checks_of
from ganzoo.testing.failures import (
    Blocked,
    NotOfferedError,
    Skipped,
    authors_line,
    raising_line,
    remedy,
    root_of,
)
from ganzoo.testing.subjects import PartSubject


@dataclass(frozen=True)
class Result:
    """The result of a check: what it said, and how long it took.

    `outcome` is `ok`, `WRONG`, `waived`, `skipped` (it cannot run on this machine) or `not run`
    (another check found a fault that it depends on: `because` names that one, `subject check`).
    """

    subject: str
    check: str
    outcome: str
    said: str
    seconds: float
    because: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return self.outcome != "WRONG"

    @property
    def id(self) -> str:
        """The name by which another result's `because` refers to it."""
        return f"{self.subject} {self.check}"


def run_checks(
    what: str | Path | ModuleType | PluginSource | Card,
    *,
    examples: Mapping[str, Any] | None = None,
    waivers: Mapping[str, str] | None = None,
    fast: bool = False,
    tell: Callable[[Result], None] | None = None,
) -> list[Result]:
    """Run all checks of a plugin or a model (see `checks_of`); `tell` gets each result at once."""
    return run_planned(checks_of(what, examples=examples, waivers=waivers, fast=fast), tell=tell)


def run_planned(
    planned: Iterable[Planned], *, tell: Callable[[Result], None] | None = None
) -> list[Result]:
    """Run these checks, except those that depend on a fault that was found."""
    faults = Faults()
    results: list[Result] = []
    for one in planned:
        cause = faults.cause(one)
        result, error = (_not_run(one, cause), None) if cause else _run(one)
        results.append(faults.noted(one, result, error))
        if tell is not None:
            tell(results[-1])
    return settled(results)


def run_one(planned: Planned) -> Result:
    """Run one check; an error that a part raises by itself counts as wrong."""
    return _run(planned)[0]


def _run(planned: Planned) -> tuple[Result, Exception | None]:
    """The result of a check, and the error that it raised."""
    started = time.perf_counter()
    because = ""
    raised: Exception | None = None
    try:
        outcome, message = "ok", planned() or ""
        if planned.waiver is not None:
            outcome, message = "waived", planned.waiver
    except Blocked as reason:
        outcome, message, raised = "not run", str(reason), reason
        because = f"{reason.subject or planned.subject.id} {reason.check}"
    except Skipped as reason:
        outcome, message = "skipped", str(reason)
    except CheckError as error:
        outcome, message = "WRONG", str(error).removeprefix(f"{planned.subject.id}: ")
        raised = error
    except Exception as error:
        hint = remedy(error)
        message = f"{one_line(error)}{hint and f': {hint}'} [{raising_line(error)}]"
        outcome, raised = "WRONG", error
    seconds = time.perf_counter() - started
    return Result(planned.subject.id, planned.name, outcome, message, seconds, because), raised


def _not_run(planned: Planned, cause: str, seconds: float = 0.0) -> Result:
    message = f"because of {cause}"
    return Result(planned.subject.id, planned.name, "not run", message, seconds, cause)


class Faults:
    """The faults found so far, and which checks need not run because of them."""

    def __init__(self) -> None:
        self._of_subjects: dict[str, str] = {}  # faults that later checks of a subject depend on
        self._of_parts: dict[tuple[str, str], Result] = {}
        self._of_plugins: dict[str, str] = {}
        self._roots: dict[tuple[str, str], str] = {}

    def cause(self, planned: Planned) -> str:
        """The result because of which a check need not run; empty if there is none.

        A fault that the subject's checks depend on; one in an earlier case of the same part; one in
        a part that the subject is made of.
        """
        subject = planned.subject
        if own := self._of_subjects.get(subject.id):
            return own
        earlier = self._of_parts.get(_part(planned))
        if earlier is not None and earlier.subject != subject.id:
            return earlier.id
        if planned.function in TOGETHER:
            for part in sorted(subject.made_of):
                if part in self._of_parts:
                    return self._of_parts[part].id
        return ""

    def noted(self, planned: Planned, result: Result, error: BaseException | None) -> Result:
        """Record a result; one of a fault that was reported already becomes `not run`."""
        if result.holds:
            return result
        root = None if error is None else root_of(error)
        place = _place(root)
        first = self._roots.setdefault(place, result.id) if place else result.id
        if first != result.id:
            result = _not_run(planned, first, result.seconds)
        if planned.function is check_loads:
            self._of_plugins[planned.subject.name] = result.id
        owner = root.owner if isinstance(root, NotOfferedError) else ""
        if owner in self._of_plugins:
            result = _not_run(planned, self._of_plugins[owner], result.seconds)
        if planned.function in FOUNDATIONS:
            self._of_subjects.setdefault(planned.subject.id, result.because or result.id)
        if isinstance(planned.subject, PartSubject):
            self._of_parts.setdefault(_part(planned), result)
        return result


def _part(planned: Planned) -> tuple[str, str]:
    """The kind and name of the part that is checked."""
    subject = planned.subject
    return subject.kind, subject.offer.qualified if isinstance(subject, PartSubject) else ""


def _place(root: BaseException | None) -> tuple[str, str] | None:
    """Where an error that is no check's comes from: two checks that meet it share one fault."""
    if root is None or isinstance(root, CheckError):
        return None
    return type(root).__name__, authors_line(root) or str(root)


def settled(results: Iterable[Result]) -> list[Result]:
    """The results; each that was not run now names the fault at the end of its chain of causes.

    If that one turns out to hold, the result itself is wrong: otherwise nobody would report it.
    """
    results = list(results)
    by_id = {one.id: one for one in results}
    return [_settled(one, by_id) if one.outcome == "not run" else one for one in results]


def _settled(one: Result, by_id: Mapping[str, Result]) -> Result:
    cause, passed = one, {one.id}
    while cause.outcome == "not run":
        following = by_id.get(cause.because)
        if following is None or following.id in passed:
            return one
        cause = following
        passed.add(cause.id)
    match cause.outcome:
        case "WRONG" | "waived":
            return replace(one, said=f"because of {cause.id}", because=cause.id)
        case "skipped":
            return replace(one, outcome="skipped", because="")
        case _:
            message = f"{one.said}, and that check passes"
            return replace(one, outcome="WRONG", said=message, because="")
