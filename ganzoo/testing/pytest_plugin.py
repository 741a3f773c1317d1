"""pytest's side of the kit: a fixture, a mark, and checks as tests.

It is loaded wherever ganzoo is installed, so it imports next to nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Protocol

    from ganzoo.cards import Catalogue
    from ganzoo.plugins import PluginSource
    from ganzoo.testing.collecting import Planned
    from ganzoo.testing.subjects import Subject

    class World(Protocol):
        """The fixture's value."""

        def __call__(
            self, *plugins: str | ModuleType | PluginSource, strict: bool = True
        ) -> Catalogue:
            """Enter the world of these plugins."""
            ...


MARK = "ganzoo_slow"
#: Whether pytest knows the mark; it would refuse one that nobody registered.
_registered = False


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of slow checks."""
    global _registered
    config.addinivalue_line("markers", f"{MARK}: a check that trains or plays as two processes")
    _registered = True


@pytest.fixture
def ganzoo_world() -> Iterator[World]:
    """A world of the test's own: `ganzoo_world("my-plugin", ...)` has only these plugins.

    A plugin is an installed distribution, a plugin's module or its name, or a `PluginSource`; the
    core's own parts are always there. The world is in force until the test ends and touches nothing
    global; the call returns its catalogue. `strict` raises a plugin's first problem;
    `strict=False` records them.
    """
    with contextlib.ExitStack() as stack:

        def enter(*plugins: str | ModuleType | PluginSource, strict: bool = True) -> Catalogue:
            from ganzoo.cards import Catalogue, using
            from ganzoo.plugins import PluginManager
            from ganzoo.testing.plugin_sources import source_of

            sources = [source_of(plugin) for plugin in plugins]
            return stack.enter_context(using(Catalogue(PluginManager(sources, strict=strict))))

        yield enter


class CheckAsTest:
    """A check that skips as pytest does."""

    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        self.__name__ = planned.name

    def __repr__(self) -> str:
        return self.planned.name

    def __call__(self, subject: Subject | None = None) -> None:
        """Run the check."""
        __tracebackhide__ = True
        from ganzoo.testing.failures import Skipped

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

    `plugin` is an installed distribution, or a plugin's module. Tests have names such as
    `generator/my-gan-range`. Checks that train, export or play as two processes carry the mark
    `ganzoo_slow` (`pytest -m "not ganzoo_slow"` deselects them); `fast=True` leaves them out.
    """
    from ganzoo.testing.collecting import checks_of

    marks = (getattr(pytest.mark, MARK),) if _registered else ()
    cases = [
        pytest.param(one.subject, CheckAsTest(one), id=one.id, marks=marks if one.slow else ())
        for one in checks_of(plugin, examples=examples, waivers=waivers, fast=fast)
    ]
    return pytest.mark.parametrize(("part", "check"), cases)
