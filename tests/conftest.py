"""Fixtures that every test may use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager, PluginSource
from hub_machine import enter
from hub_server import Hub, serving
from image_files import write_pictures
from tiny import tiny_plugin

hypothesis.settings.register_profile("ganzoo", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ganzoo")


@pytest.fixture
def world() -> Iterator[Callable[..., Catalogue]]:
    """Enter a world of the given plugins only: `world(source, ...)` returns its catalogue."""
    with contextlib.ExitStack() as stack:

        def enter(*sources: PluginSource, strict: bool = False) -> Catalogue:
            return stack.enter_context(using(Catalogue(PluginManager(sources, strict=strict))))

        yield enter


@pytest.fixture
def tiny_world(world: Callable[..., Catalogue]) -> Catalogue:
    """A world of the core and the tiny parts."""
    return world(tiny_plugin())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the packs of a test lie, of its subprocesses too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    return tmp_path / "cache" / "ganzoo" / "packed"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a machine that has none yet, and no data sets."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    return tmp_path / "cache" / "ganzoo"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that this process stands before, with nothing in its cache and no bars."""
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    with serving() as hub:
        enter(monkeypatch, hub.url, tmp_path)
        disable_progress_bars()
        yield hub
        enable_progress_bars()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine sound images in three sub-folders."""
    return write_pictures(tmp_path / "images", 9)
