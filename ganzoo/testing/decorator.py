"""`parametrize_with_checks`: a plugin's checks as pytest's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ganzoo.plugins import PluginSource
from ganzoo.testing.collecting import Planned, checks_of
from ganzoo.testing.failures import Skipped
from ganzoo.testing.subjects import Subject

#: Where the mark of slow checks is registered; without it no test is marked.
MARKING = "ganzoo.testing.pytest_plugin"


class InPytest:
    """A planned check that skips as pytest does."""

    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        self.__name__ = planned.name

    def __repr__(self) -> str:
        return self.planned.name

    def __call__(self, subject: Subject | None = None) -> None:
        """Make the check."""
        __tracebackhide__ = True
        import pytest

        try:
            self.planned(subject)
        except Skipped as reason:
            pytest.skip(str(reason))


def parametrize_with_checks(
    plugin: str | ModuleType | PluginSource,
    *,
    examples: Mapping[str, Any] | None = None,
    waivers: Mapping[str, str] | None = None,
    fast: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test for each check of a plugin: it takes `part` and `check`, and calls `check(part)`.

    `plugin` is an installed distribution, or a plugin's module. Tests are called
    `generator/my-gan-range`. Checks that train or start processes bear the mark `ganzoo_slow`
    (`pytest -m "not ganzoo_slow"` leaves them out); `fast=True` leaves them out for good.
    """
    import pytest

    planned = checks_of(plugin, examples=examples, waivers=waivers, fast=fast)
    marks = (pytest.mark.ganzoo_slow,) if MARKING in sys.modules else ()
    cases = [
        pytest.param(one.subject, InPytest(one), id=one.id, marks=marks if one.slow else ())
        for one in planned
    ]
    return pytest.mark.parametrize(("part", "check"), cases)
