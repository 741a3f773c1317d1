"""ganzoo's plugin for pytest: a fixture that gives a test plugins of its own, and a mark.

It is loaded wherever ganzoo is installed, so it imports next to nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Protocol

    from ganzoo.cards import Catalogue
    from ganzoo.plugins import PluginSource

    class World(Protocol):
        """What the fixture gives."""

        def __call__(
            self, *plugins: str | ModuleType | PluginSource, strict: bool = True
        ) -> Catalogue:
            """Enter it."""
            ...


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of checks that train or start processes."""
    config.addinivalue_line("markers", "ganzoo_slow: a check that trains or starts processes")


@pytest.fixture
def ganzoo_world() -> Iterator[World]:
    """A world of the test's own: `ganzoo_world("my-plugin", ...)` has these plugins and no others.

    A plugin is an installed distribution, a plugin's module or its name, or a `PluginSource`; the
    core's own parts are always there. It is in force until the test ends, touches nothing global,
    and gives its catalogue. `strict` raises a plugin's first problem; `strict=False` notes them.
    """
    with contextlib.ExitStack() as stack:

        def enter(*plugins: str | ModuleType | PluginSource, strict: bool = True) -> Catalogue:
            from ganzoo.cards import Catalogue, using
            from ganzoo.plugins import PluginManager
            from ganzoo.testing.plugin_sources import source_of

            sources = [source_of(plugin) for plugin in plugins]
            manager = PluginManager(sources, strict=strict)
            return stack.enter_context(using(Catalogue(manager)))

        yield enter
