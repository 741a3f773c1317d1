"""One thread for each test process, and which checks of the conformance kit run here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

#: Small networks: a second thread only waits. Processes that tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

#: The zoo's models.
MODELS = [path.parent.name for path in Path(__file__).parent.glob("zoo_cards/*/config.json")]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark checks that train or start processes as slow, before `-m` selects tests.

    The game of a model belongs to each plugin whose parts it is made of. It is checked once.
    """
    first: dict[str, pytest.Item] = {}
    for item in items:
        first.setdefault(_game_of(item) or item.nodeid, item)
    kept = set(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = first.values()
    for item in items:
        if item.get_closest_marker("ganzoo_slow"):
            item.add_marker("slow")


def _game_of(item: pytest.Item) -> str:
    """The name of a check of a model's game, such as `game/dcgan-mnist-gradients`; else empty."""
    case = getattr(getattr(item, "callspec", None), "id", "")
    is_a_models = any(case.startswith(f"game/{name}-") for name in MODELS)
    return case if item.name.startswith("test_the_plugin_is_right[") and is_a_models else ""
