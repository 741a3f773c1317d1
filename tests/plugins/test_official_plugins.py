"""The zoo's own plugins, each tested by being there."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ganzoo.cards import catalogue
from ganzoo.plugins import PART_HOOKS
from ganzoo.plugins.validation import TARGET

FOLDERS = sorted((Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))
PLUGINS = {path.parent.name: tomllib.loads(path.read_text())["project"] for path in FOLDERS}


@pytest.fixture(params=PLUGINS)
def name(request) -> str:
    return request.param


def module_of(name: str) -> str:
    (target,) = PLUGINS[name]["entry-points"]["ganzoo"].values()
    return target


def offered(name: str) -> dict[str, str]:
    plugin = importlib.import_module(module_of(name))
    hooks = [getattr(plugin, hook) for hook in PART_HOOKS.values() if hasattr(plugin, hook)]
    return {target: target for hook in hooks for target in hook().values()}


def test_it_is_installed_and_healthy(name):
    found = catalogue().manager.plugins[name]
    assert found.loaded
    assert found.problems == []
    assert found.version == PLUGINS[name]["version"]


def poisoned(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python where torch cannot be imported."""
    (folder / "torch.py").write_text("raise ImportError('torch was imported')")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    words = [sys.executable, "-c", code]
    return subprocess.run(words, env=environment, capture_output=True, text=True)


def test_its_module_does_not_import_torch(name, tmp_path):
    ended = poisoned(f"import {module_of(name)}", tmp_path)
    assert ended.returncode == 0, ended.stderr


def test_its_parts_do_import_torch_so_the_poison_works(name, tmp_path):
    module = next(iter(offered(name))).partition(":")[0]
    assert "torch was imported" in poisoned(f"import {module}", tmp_path).stderr


def test_every_part_that_it_names_exists(name):
    assert offered(name)
    for target in offered(name):
        assert TARGET.fullmatch(target)
        module, _, attribute = target.partition(":")
        assert hasattr(importlib.import_module(module), attribute)


def test_it_states_its_contract_and_is_typed(name):
    plugin = importlib.import_module(module_of(name))
    assert plugin.ganzoo_api == 1
    assert (Path(str(plugin.__file__)).parent / "py.typed").is_file()


def test_it_depends_on_the_core_by_its_distribution(name):
    assert "ganzoo-core>=0.1" in PLUGINS[name]["dependencies"]
    assert PLUGINS[name]["license"] == "Apache-2.0"
