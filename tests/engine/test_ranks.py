"""Several processes of one training, with real gloo processes; and micro-batches in one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from commands import ganzoo
from ganzoo.engine.micro_batches import Share, shares_of
from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.errors import ConfigError
from short_runs import config, exported, play

HELPERS = Path(__file__).parents[1] / "helpers"
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
QUIET = {"TORCH_CPP_LOG_LEVEL": "ERROR"}


def environment() -> dict[str, str]:
    return {**os.environ, **QUIET, "PYTHONPATH": str(HELPERS)}


# --- What two processes compute ---------------------------------------------------------------


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What the script in helpers/two_ranks_script.py found."""
    out = tmp_path_factory.mktemp("ranks") / "found.json"
    command = [*LAUNCH, str(HELPERS / "two_ranks_script.py"), str(out)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(out.read_text())


@pytest.mark.parametrize("game", ["plain", "gradient penalty", "lazy R1", "critic steps"])
def test_two_processes_have_the_gradients_of_one(compared, game):
    whole, in_micro_batches = compared[game]
    assert 0 < whole < 2e-6  # 0 would be one process compared with itself
    assert in_micro_batches < 2e-6


def test_two_processes_stay_alike_under_batch_norm(compared):
    assert compared["batch norm"] < 1e-6


def test_two_processes_adapt_their_augmentation_alike(compared):
    (strength, off, signs, signs_off), alone = compared["ada"]
    assert (off, signs_off) == (0.0, 0.0)
    assert [strength, signs] == pytest.approx([alone[0], alone[2]], abs=1e-6)
    assert strength > 0
    assert signs not in (0.0, 1.0)  # the processes have seen other samples


def test_facts_are_shared(compared):
    assert compared["means"] == [1.0, 0.5]
    assert compared["greatest"] == [1]


# --- The command ------------------------------------------------------------------------------

RECIPE = [
    *("train", "--generator", "vanilla", "--discriminator", "vanilla", "--loss", "non-saturating"),
    *("--data", "mnist-mini", "--images", "19200", "--threads", "1", "--quiet"),
    *("--set", "generator.arguments.widths=[32]", "--set", "discriminator.arguments.widths=[32]"),
    *("--set", "discriminator.arguments.dropout=0", "--set", "loss.arguments.r1_gamma=0.1"),
    *("--set", "loss.arguments.penalty_interval=4"),
]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "export" / "model.safetensors")


def test_a_dead_process_ends_the_run_and_one_process_goes_on(tmp_path, caplog):
    """Rank 1 is killed; rank 0 says so and ends; alone, the run ends where one process would."""
    folder = tmp_path / "run"
    first, second = pair([*RECIPE, "--out", str(folder), "--checkpoint-every", "0"])
    while not checkpoint_folders(folder / "checkpoints"):
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    second.kill()
    second.communicate()
    _, err = first.communicate(timeout=60)
    assert first.returncode == 1, err
    assert "another process of this training has ended, so this one ends too" in err
    assert not (folder / "export").exists()
    assert ganzoo(*RECIPE, "--out", folder) == 0
    assert "was written with processes 2, this run has 1" in caplog.text
    assert ganzoo(*RECIPE, "--out", tmp_path / "alone") == 0
    ours, theirs = weights(folder), weights(tmp_path / "alone")
    for name, tensor in theirs.items():
        assert_close(ours[name], tensor, atol=2e-3, rtol=1e-2)


def pair(words: list[str]) -> list[subprocess.Popen[str]]:
    """Two processes of one training, with nobody who starts or stops them as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "ganzoo", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment(), **meeting, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in (0, 1)
    ]


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ConfigError, match="a batch of 63 cannot be shared by 2 processes"):
        shares_of(63, 0, 2, None)


# --- Micro-batches ----------------------------------------------------------------------------


def test_shares_are_the_rows_of_the_batch_in_order():
    found = [share for rank in (0, 1) for share in shares_of(24, rank, 2, 4)]
    rows = [list(range(24))[share.rows(24)] for share in found]
    assert [len(part) for part in rows] == [4] * 6
    assert [row for part in rows for row in part] == list(range(24))


def test_micro_batches_that_do_not_divide_are_refused():
    with pytest.raises(ConfigError, match="64 images a turn cannot be split .* of 48; give a div"):
        shares_of(64, 0, 1, 48)
    assert shares_of(64, 0, 1, 100) == (Share(0, 1),)


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"reuse_fakes": False},
        {"discriminator_steps": 2, "loss": ("hinge", {"r1_gamma": 1.0, "penalty_interval": 2})},
    ],
    ids=["reused", "drawn anew", "lazy"],
)
def test_micro_batches_change_nothing(tiny_world, tmp_path, recipe):
    wish = dict(recipe)
    loss = wish.pop("loss", "non-saturating")
    for name, size in {"whole": None, "parts": 4}.items():
        play(config(loss, steps=8, **wish), tmp_path / name, micro_batch=size)
    for player in ("model", "discriminator"):
        whole, parts = exported(tmp_path / "whole", player), exported(tmp_path / "parts", player)
        for key, tensor in whole.items():
            assert_close(parts[key], tensor, atol=1e-5, rtol=1e-4)
