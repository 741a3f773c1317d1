"""Checks that a script runs, with its parts in it and no guard: it is never run again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broken import broken_plugin
from ganzoo.testing import checks_of
from ganzoo.testing.checks.two_ranks import INSIDE
from ganzoo.testing.runner import run_one

HELPERS = Path(__file__).parents[1] / "helpers"
SCRIPT = """
import sys
print("ran as", __name__, flush=True)
from beginners import Critic, Painter, Stripes
from ganzoo import hookimpl
from ganzoo.testing import checks_of
from ganzoo.testing.runner import run_planned

class Mine(Painter):
    pass

@hookimpl
def ganzoo_generators(): return {"mine": "PLACE:Mine"}
@hookimpl
def ganzoo_discriminators(): return {"mine": "beginners:Critic"}

NAMES = ("check_two_processes", "check_imports_no_torch", "check_package_data")
planned = [one for one in checks_of(sys.modules["__main__"]) if one.name in NAMES]
for one in run_planned(planned):
    print(one.id, one.outcome, one.said, sep="|", flush=True)
"""


def run_script(folder: Path, text: str) -> list[str]:
    (folder / "my_script.py").write_text(text)
    paths = os.pathsep.join([str(HELPERS), str(folder), *filter(None, sys.path)])
    ended = subprocess.run(
        [sys.executable, "my_script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("script")
    return run_script(folder, SCRIPT.replace("PLACE", "__main__"))


def test_a_script_without_a_guard_runs_once(lines):
    assert [line for line in lines if line.startswith("ran as")] == ["ran as __main__"]


def test_two_processes_are_not_started_for_parts_of_a_script(lines):
    (said,) = [line for line in lines if "check_two_processes" in line]
    assert said == (
        "game/mine check_two_processes|skipped|my-script/mine is in the script that runs, and "
        "another process would run the whole of it again: put the parts into a module of their own"
    )


def test_a_script_is_no_distribution_to_look_into(lines):
    told = {line.split("|")[0].partition(" ")[2]: line.split("|")[1] for line in lines[1:]}
    assert told["check_imports_no_torch"] == told["check_package_data"] == "skipped"


def test_one_of_two_processes_starts_no_others(monkeypatch):

    monkeypatch.setenv(INSIDE, "1")
    planned = [one for one in checks_of(broken_plugin()) if one.name == "check_two_processes"]
    assert {run_one(one).said for one in planned} == {
        "this is one of two processes already, whose imports run checks"
    }
