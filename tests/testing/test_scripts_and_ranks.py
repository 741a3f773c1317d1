"""Checks that a script runs, with its parts in it and no guard: it is never run again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest
import torch
from torch.distributed import HashStore

from broken import broken_plugin
from ganzoo.testing import checks_of
from ganzoo.testing.checks.two_ranks import GlooRank

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


def test_two_processes_are_played_in_this_one_so_a_scripts_parts_are_checked_too(lines):
    (line,) = [line for line in lines if "check_two_processes" in line]
    assert line.startswith("game/mine check_two_processes|ok|apart by ")


def test_a_script_is_no_distribution_to_look_into(lines):
    told = {line.split("|")[0].partition(" ")[2]: line.split("|")[1] for line in lines[1:]}
    assert told["check_imports_no_torch"] == told["check_package_data"] == "skipped"


def test_two_ranks_leave_no_threads_and_no_randomness_behind():
    (check,) = [one for one in checks_of(broken_plugin()) if one.name == "check_two_processes"]
    threads, state = threading.active_count(), torch.get_rng_state()
    check()
    assert threading.active_count() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_two_ranks_agree_on_means_and_the_greatest():
    store, turn = HashStore(), Lock()

    def play(rank: int) -> tuple[dict[str, float], int, torch.Tensor]:
        with turn:
            ranks, tensor = GlooRank(rank, store, turn), torch.full((2, 2), float(rank))
            ranks.average([tensor])
            ranks.wait()
            return ranks.means({"b": rank, "a": 1.0}), ranks.greatest(3 * rank), tensor

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(play, range(2))
    assert first[:2] == second[:2] == ({"a": 1.0, "b": 0.5}, 3)
    assert torch.equal(first[2], torch.full((2, 2), 0.5)) and torch.equal(first[2], second[2])
