"""Waivers: checks that a plugin's author knows to be wrong about a part, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.errors import UsageError, did_you_mean


def waiver_key(check: str, subject: str) -> str:
    """How a waiver names a check of a subject: `check_independence[discriminator/minibatch]`."""
    return f"{check}[{subject}]"


class Waivers:
    """Reasons by `check_name[subject]`; a part's name stands for all the cases it is built in."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        for key, reason in given.items():
            if not isinstance(reason, str) or not reason.strip():
                raise UsageError(f"ganzoo_waivers: {key!r} has no reason; write it as its value")
        self.given: Mapping[str, str] = given

    def reason(self, check: str, subject: str) -> str | None:
        """Why a check of a subject is waived; None where it is not."""
        whole = waiver_key(check, subject)
        return self.given.get(whole, self.given.get(waiver_key(check, base_of(subject))))

    def hold_against(self, known: Iterable[tuple[str, str]]) -> None:
        """Refuse a waiver of a check that there is not, naming the nearest."""
        names: set[str] = set()
        for check, subject in known:
            names |= {waiver_key(check, subject), waiver_key(check, base_of(subject))}
        for key in self.given:
            if key not in names:
                raise UsageError(
                    f"ganzoo_waivers: there is no check {key!r}; "
                    + did_you_mean(key, names, otherwise="name it as check_name[kind/part]")
                )


def base_of(subject: str) -> str:
    """A part without its case: `generator/dcgan[num_classes=10]` is `generator/dcgan`."""
    return subject.partition("[")[0]
