"""Version ranges, as `requires` states them.

packaging decides. The form of nearly every card, `>=0.1` against a plain release, is compared
without importing packaging, which would cost `ganzoo list` a tenth of its time.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"\d{1,9}(\.\d{1,9}){0,5}")


def is_range(wanted: str) -> bool:
    """Whether this is a version range, such as `>=0.1` or `>=0.1,<2`."""
    if _least(wanted) is not None:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(wanted)
    except InvalidSpecifier:
        return False
    return True


def version_fits(version: str, wanted: str) -> bool:
    """Whether a version is in a range; pre-releases may."""
    least = _least(wanted)
    if least is not None and _PLAIN.fullmatch(version):
        return _release(version) >= _release(least)
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(wanted).contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _least(wanted: str) -> str | None:
    """The version of a plain `>=` range."""
    number = wanted.removeprefix(">=").strip()
    return number if wanted.startswith(">=") and _PLAIN.fullmatch(number) else None


def _release(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (6 - len(numbers)))
