"""Fixtures that every test may use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import hypothesis
import pytest
import torch

from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager, Source
from tiny import tiny_plugin

hypothesis.settings.register_profile("ganzoo", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ganzoo")
torch.set_num_threads(1)  # small networks: a second thread only waits


@pytest.fixture
def world() -> Iterator[Callable[..., Catalogue]]:
    """Enter a world of the given plugins only: `world(source, ...)` returns its catalogue."""
    with contextlib.ExitStack() as stack:

        def enter(*sources: Source, strict: bool = False) -> Catalogue:
            return stack.enter_context(using(Catalogue(PluginManager(sources, strict=strict))))

        yield enter


@pytest.fixture
def tiny_world(world: Callable[..., Catalogue]) -> Catalogue:
    """A world of the core and the tiny parts."""
    return world(tiny_plugin())
