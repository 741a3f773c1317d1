"""Whose fault it is: one fault is told once, and what it stops is said to be stopped by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ganzoo.errors import CheckError
from ganzoo.testing.checks import FOUNDATIONS, TOGETHER
from ganzoo.testing.checks.plugin import check_loads
from ganzoo.testing.collecting import Planned
from ganzoo.testing.failures import NotOfferedError, authors_line, root_of
from ganzoo.testing.subjects import PartSubject


@dataclass(frozen=True)
class Result:
    """What came of a check: what it said, and how long it took.

    `outcome` is `ok`, `WRONG`, `waived`, `skipped` (it cannot be made on this machine) or `not run`
    (it stands on what another check finds wrong: `because` names that one, `subject check`).
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
        """How another result's `because` names it."""
        return f"{self.subject} {self.check}"


class Ledger:
    """What was found wrong so far, and which checks need not be made because of it."""

    def __init__(self) -> None:
        self._foundations: dict[str, str] = {}
        self._parts: dict[tuple[str, str], Result] = {}
        self._roots: dict[tuple[str, str], str] = {}
        self._plugins: dict[str, str] = {}

    def cause(self, planned: Planned) -> str:
        """The result that a check is not made because of; empty where there is none.

        A fault in what the subject stands on; else in an earlier case of the same part; else in one
        of the parts that the subject is put together from.
        """
        subject = planned.subject
        if own := self._foundations.get(subject.id):
            return own
        if isinstance(subject, PartSubject):
            earlier = self._parts.get((subject.kind, subject.entry.qualified))
            if earlier is not None and earlier.subject != subject.id:
                return earlier.id
        if planned.function in TOGETHER:
            for part in sorted(subject.made_of):
                if part in self._parts:
                    return self._parts[part].id
        return ""

    def noted(self, planned: Planned, result: Result, error: BaseException | None) -> Result:
        """Take a result down; one of a fault that was told already becomes `not run`."""
        if result.holds:
            return result
        root = _root(error)
        if root is not None and (told := self._roots.setdefault(root, result.id)) != result.id:
            result = not_run(planned, told, result.seconds)
        if planned.function is check_loads:
            self._plugins[planned.subject.name] = result.id
        if (owner := _missing_from(error)) in self._plugins:
            result = not_run(planned, self._plugins[owner], result.seconds)
        if planned.function in FOUNDATIONS:
            self._foundations.setdefault(planned.subject.id, result.because or result.id)
        if isinstance(planned.subject, PartSubject):
            part = (planned.subject.kind, planned.subject.entry.qualified)
            self._parts.setdefault(part, result)
        return result


def not_run(planned: Planned, cause: str, seconds: float = 0.0) -> Result:
    """The result of a check that is not made because of another's."""
    said = f"because of {cause}"
    return Result(planned.subject.id, planned.name, "not run", said, seconds, cause)


def settled(found: Iterable[Result]) -> list[Result]:
    """The results, in which each that was not run names the fault at the root.

    One whose cause turned out to hold is wrong by itself: else nobody would tell.
    """
    results = list(found)
    by = {one.id: one for one in results}
    return [_settled(one, by) if one.outcome == "not run" else one for one in results]


def _settled(one: Result, by: Mapping[str, Result]) -> Result:
    cause, passed = one, {one.id}
    while cause.outcome == "not run":
        following = by.get(cause.because)
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
            return replace(one, outcome="WRONG", said=f"{one.said}, and finds nothing", because="")


def _missing_from(error: BaseException | None) -> str:
    """The plugin that does not offer what a model is made of, where that is what went wrong."""
    root = None if error is None else root_of(error)
    return root.owner if isinstance(root, NotOfferedError) else ""


def _root(error: BaseException | None) -> tuple[str, str] | None:
    """What an error comes from, and where: two checks that meet the same, tell of one fault."""
    root = None if error is None else root_of(error)
    if root is None or isinstance(root, CheckError):
        return None
    return type(root).__name__, authors_line(root) or str(root)
