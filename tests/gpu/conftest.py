"""Tests of what only a GPU shows; without one they are skipped.

GANZOO_TEST_DEVICE=cpu rehearses them where there is none: recordings are stood for by `Tape`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from games import games_plugin
from ganzoo.engine.run.process import tune_cuda
from ganzoo.plugins.distributions import installed_sources

HERE = Path(__file__).parent
REHEARSED = os.environ.get("GANZOO_TEST_DEVICE") == "cpu"
PRESENT = torch.cuda.is_available()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker("gpu")
        item.add_marker(pytest.mark.filterwarnings("default"))  # a driver's are not ours
        only = item.get_closest_marker("cuda_only") is not None
        if not PRESENT and (only or not REHEARSED):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture(scope="session", autouse=True)
def exact():
    """What the command asks of CUDA, before it starts; afterwards torch's own settings."""
    if not PRESENT:
        yield
        return
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32
    tune_cuda()
    yield
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = before


@pytest.fixture
def device() -> torch.device:
    return torch.device("cuda" if PRESENT else "cpu")


@pytest.fixture
def games_world(world):
    """The installed plugins and the games of the tests."""
    return world(games_plugin(), *installed_sources())
