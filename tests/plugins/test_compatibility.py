"""What was written for an earlier contract goes on working: frozen plugins, one for each."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import commands
from ganzoo.cards import Catalogue, using
from ganzoo.extractors import open_extractor
from ganzoo.measure.sources import ModelSource
from ganzoo.plugins import PART_HOOKS, PluginManager, PluginSource
from ganzoo.plugins import hookspecs as contract
from ganzoo.testing import checks_of
from ganzoo.testing.runner import run_planned

ROOT = Path(__file__).parents[2]
V1 = Path(__file__).parents[1] / "fixtures" / "plugin_v1"
#: Never to be changed: a newer contract gets a plugin of its own beside this one.
V1_SHA256 = "c8be06fc4aef28ee96640af93ee640f82f39ee6ef079ab4dc70169ed7b07a034"

#: Hooks that came after the plugin was frozen.
LATER = {
    "ganzoo_augmentations",
    "ganzoo_exporters",
    "ganzoo_metrics",
    "ganzoo_protocols",
    "ganzoo_schedules",
}


@pytest.fixture(scope="module")
def v1() -> Iterator[PluginSource]:
    """The plugin of contract 1, on the import path; afterwards nothing of it is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(V1)
        yield PluginSource("ganzoo-v1", "0.1", lambda: __import__("ganzoo_v1"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "ganzoo_v1"]:
        del sys.modules[name]


@pytest.fixture
def zoo(v1: PluginSource) -> Iterator[Catalogue]:
    with using(Catalogue(PluginManager([v1], strict=True))) as catalogue:
        yield catalogue


def ganzoo(*words: object) -> int:
    return commands.ganzoo(*words)


def tracker_class(zoo: Catalogue) -> type:
    return zoo.registry.find("tracker", "list").resolve()


def test_the_plugin_is_the_one_that_was_frozen():
    digest = hashlib.sha256()
    for path in sorted(p for p in V1.rglob("*") if p.suffix in (".py", ".json", ".md")):
        digest.update(path.relative_to(V1).as_posix().encode() + path.read_bytes())
    assert digest.hexdigest() == V1_SHA256


def test_it_uses_every_hook_of_its_contract(zoo):
    module = sys.modules["ganzoo_v1"]
    hooks = {name for name in vars(contract) if name.startswith("ganzoo_")}
    assert hooks - vars(module).keys() <= LATER


def test_everything_that_it_offers_is_there(zoo):
    plugin = zoo.manager.plugins["ganzoo-v1"]
    assert plugin.loaded and plugin.problems == []
    assert all(plugin.parts[kind] for kind, hook in PART_HOOKS.items() if hook not in LATER)
    assert zoo.card("v1-points").status == "recipe"
    assert zoo.card("v1-points").config.extra == {"mine": {"anything": [1, 2.5, None]}}


def test_its_checks_hold(v1):
    """Those that its author waived are still waived, by the names that they had."""
    made = run_planned(checks_of(v1, fast=True))
    assert [one for one in made if not one.holds] == []
    assert [one.check for one in made if one.outcome == "waived"] == ["check_independence"]


def test_it_trains_is_heard_and_samples(zoo, tmp_path, capsys):
    heard, rows = sys.modules["ganzoo_v1"].heard, tracker_class(zoo).rows
    heard.clear()
    words = ("--out", tmp_path / "run", "--threads", 1, "--log-every", 64, "--track", "list")
    assert ganzoo("train", "v1-points", *words) == 0, capsys.readouterr().err
    assert {event for event, *_ in heard} == {"started", "metrics", "checkpoint", "ended"}
    assert heard[-1] == ("ended", "finished")
    assert {kind for kind, _ in rows} == {"start", "log", "sample", "end"}
    assert ganzoo("sample", f"{tmp_path}/run/", "-n", 3, "-o", tmp_path / "points.csv") == 0
    assert len((tmp_path / "points.csv").read_text().splitlines()) == 3


def test_its_extractor_and_its_command_work(zoo, capsys):
    extractor = open_extractor("powers")
    assert extractor.outputs(torch.ones(3, 2))["features"].shape == (3, 4)
    assert ganzoo("v1-hello") == 0
    assert capsys.readouterr().out == "hello from v1\n"


def test_a_run_can_be_clipped_and_penalised_by_a_callable_part(zoo, tmp_path):
    words = ("--generator", "points", "--discriminator", "points", "--loss", "counted")
    words = (*words, "--data", "line", "--images", 64, "--batch", 16, "--threads", 1, "--quiet")
    assert ganzoo("train", *words, "--out", tmp_path / "run") == 0
    model = ModelSource(tmp_path / "run").model
    weights = torch.cat([p.flatten() for p in model.discriminator.parameters()])
    assert weights.abs().max() <= 0.5
    config = json.loads((tmp_path / "run" / "export" / "config.json").read_text())
    assert config["recipe"]["loss"]["name"] == "ganzoo-v1/counted"
