"""Checks of the conformance kit that train, or start processes, are slow tests here."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them before the marks are chosen from."""
    for item in items:
        if item.get_closest_marker("ganzoo_slow"):
            item.add_marker("slow")
