"""What tunes a whole process, and where the processes of a training compute and meet."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from ganzoo.engine.ranks import backend_for
from ganzoo.hardware import own_device

SETTINGS = """
import json, os, sys
import torch
import ganzoo
from ganzoo.engine.run.process import tune_cuda
def found():
    cudnn = torch.backends.cudnn
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    return [cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, workspace]
print(json.dumps([found(), tune_cuda(), found()]))
"""


def settings(**more: str) -> list[object]:
    environment = {k: v for k, v in os.environ.items() if k != "CUBLAS_WORKSPACE_CONFIG"}
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", SETTINGS],
        capture_output=True, text=True, check=True, env={**environment, **more},
    )  # fmt: skip
    return json.loads(said.stdout)


def test_the_command_asks_for_exact_kernels_and_importing_does_not():
    before, tuned, after = settings()
    assert before == [False, False, True, None]
    assert tuned is True
    assert after == [True, False, False, ":4096:8"]


def test_torchs_own_settings_can_be_kept():
    before, tuned, after = settings(GANZOO_CUDA="0")
    assert tuned is False
    assert after == before


def test_a_workspace_of_the_users_own_stays():
    assert settings(CUBLAS_WORKSPACE_CONFIG=":16:8")[2][3] == ":16:8"


@pytest.mark.parametrize(
    ("asked", "place", "found"),
    [
        ("cpu", "1", "cpu"),
        ("cuda", None, "cuda"),
        ("cuda:1", "0", "cuda:1"),
        ("cuda", "1", "cuda:1"),
        ("cuda", "3", "cuda:1"),
    ],
)
def test_more_processes_than_cards_share_them_in_turn(asked, place, found, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if place is not None:
        monkeypatch.setenv("LOCAL_RANK", place)
    assert own_device(asked) == found


@pytest.mark.parametrize(
    ("device", "processes", "backend"),
    [("cpu", "4", "gloo"), ("cuda", "2", "nccl"), ("cuda", "3", "gloo")],
)
def test_nccl_wants_a_card_for_each_process(device, processes, backend, monkeypatch, caplog):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert backend_for(torch.device(device)) == backend
    shared = device == "cuda" and backend == "gloo"
    assert ("3 processes share 2 GPU(s)" in caplog.text) is shared
