"""One thread for each test process, and which checks of the conformance kit are slow tests here."""

from __future__ import annotations

import os

import pytest

#: Small networks: a second thread only waits. Processes that tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark checks that train or start processes as slow, before `-m` selects tests."""
    for item in items:
        if item.get_closest_marker("ganzoo_slow"):
            item.add_marker("slow")
