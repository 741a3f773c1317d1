"""Waivers: checks that a plugin's author knows to be wrong about a part, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.errors import UsageError, did_you_mean


def waiver_key(check: str, subject: str) -> str:
    """A check of a subject as waivers name it: `check_independence[discriminator/minibatch]`."""
    return f"{check}[{subject}]"


class Waivers:
    """Reasons by `check_name[subject]`; a part's name covers all the cases it is built in."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        for key, reason in given.items():
            if not isinstance(reason, str) or not reason.strip():
                raise UsageError(f"ganzoo_waivers: {key!r} has no reason; write it as its value")
        self.given: Mapping[str, str] = given

    def reason(self, check: str, subject: str) -> str | None:
        """Why a check of a subject is waived; None if it is not."""
        return next((self.given[k] for k in _keys(check, subject) if k in self.given), None)

    def refuse_unknown(self, known: Iterable[tuple[str, str]]) -> None:
        """Refuse a waiver of a check that does not exist, and name the nearest."""
        names = {key for check, subject in known for key in _keys(check, subject)}
        for key in self.given:
            if key not in names:
                raise UsageError(
                    f"ganzoo_waivers: there is no check {key!r}; "
                    + did_you_mean(key, names, otherwise="name it as check_name[kind/part]")
                )


def _keys(check: str, subject: str) -> tuple[str, str]:
    """The keys that waive a check: for this case of a part, and for the part."""
    return waiver_key(check, subject), waiver_key(check, subject.partition("[")[0])
