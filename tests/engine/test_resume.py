"""Runs killed at random moments, many times, end bit for bit like the run never stopped.

Real processes are killed with SIGKILL, SIGTERM and Ctrl-C: while they start, in the middle of a
step and while they write. A run that goes on is another process every time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.engine.run.checkpoint import checkpoint_folders
from ganzoo.engine.run.folder import locked
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.train import train
from ganzoo.errors import TrainingError
from short_runs import config, play, ring_config, run_ring

HELPERS = Path(__file__).parents[1] / "helpers"
WEIGHTS = ("model.safetensors", "discriminator.safetensors")


def start(recipe: str, folder: Path, kills: int = 0) -> subprocess.Popen[str]:
    """A real process that trains, with a checkpoint after every step."""
    environment = {**os.environ, "PYTHONPATH": str(HELPERS)}
    return subprocess.Popen(
        [sys.executable, str(HELPERS / "train_and_kill.py"), recipe, str(folder), str(kills)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def exported(folder: Path) -> list[bytes]:
    return [(folder / "export" / name).read_bytes() for name in WEIGHTS]


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("recipe", ["plain", "wgan-gp", "lazy"])
def test_a_run_killed_at_random_moments_ends_like_the_one_never_stopped(tmp_path, recipe, kills):
    """The children are forked from a process that has torch already, so that many fit."""
    process = start(recipe, tmp_path, kills)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert exported(tmp_path / "killed") == exported(tmp_path / "whole")
    whole, killed = ((tmp_path / n / "metrics.jsonl").read_text() for n in ("whole", "killed"))
    assert killed == whole


@pytest.mark.parametrize("loss", ["hinge", "wgan-gp"])
def test_convolutional_networks_go_on_exactly(tmp_path, loss):
    """Their weights lie in another order in memory than in a checkpoint."""
    parts = {
        "generator": ("dcgan", {"size": 28, "width": 4}),
        "discriminator": ("dcgan", {"size": 28, "width": 4, "batch_norm": False}),
        "data": "mnist-mini",
        "kind": "image",
    }
    play(config(loss, **parts, discriminator_steps=1, steps=6), tmp_path / "whole")
    play(config(loss, **parts, discriminator_steps=1, steps=3), tmp_path / "halves")
    play(config(loss, **parts, discriminator_steps=1, steps=6), tmp_path / "halves")
    assert exported(tmp_path / "halves") == exported(tmp_path / "whole")


# --- What a checkpoint is held to -------------------------------------------------------------


def test_every_nth_checkpoint_is_kept_for_good(tiny_world, tmp_path):
    options = {"checkpoint_seconds": 0.0, "keep": 2, "keep_every": 500}
    train(ring_config(2560), RunOptions(tmp_path / "run", quiet=True, **options))
    names = [int(path.name) for path in checkpoint_folders(tmp_path / "run" / "checkpoints")]
    assert names == [2560, 2496, 2048, 1536, 1024, 512]


def test_changed_data_is_refused(tiny_world, tmp_path, monkeypatch):
    run_ring(tmp_path / "run", 1280)
    monkeypatch.setattr("tiny.TinyRing.content_hash", lambda self: "f" * 64)
    with pytest.raises(TrainingError, match="the data set has changed since this run began"):
        run_ring(tmp_path / "run", 2560)


def test_images_cannot_be_raised_where_a_schedule_depends_on_them(tiny_world, tmp_path):
    schedule = {"optimizers": {"generator": {"schedule": {"name": "cosine"}}}}
    run_ring(tmp_path / "run", 1280, **schedule)
    with pytest.raises(TrainingError, match=r"images is 1,280 there, 2,560 .* schedule depends"):
        run_ring(tmp_path / "run", 2560, **schedule)
    fixed = {"optimizers": {"generator": {"schedule": {"name": "cosine", "images": 2000}}}}
    run_ring(tmp_path / "other", 1280, **fixed)
    assert run_ring(tmp_path / "other", 2560, **fixed).kind == "finished"


# --- Disks that are full, folders that cannot be written --------------------------------------


def test_a_disk_that_is_full_on_the_way_leaves_the_last_checkpoint(tmp_path):
    """No file may grow beyond 3 KB from the second checkpoint on: the system's own refusal."""
    process = start("full-disk", tmp_path)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "no checkpoint can be written into" in err
    assert "File too large; the last checkpoint is at 640 images: make room" in err
    (last,) = checkpoint_folders(tmp_path / "killed" / "checkpoints")
    assert int(last.name) == 640
    assert not list((tmp_path / "killed" / "checkpoints").glob(".*"))


def test_a_disk_without_room_is_refused_before_training(tiny_world, tmp_path, monkeypatch):
    import shutil

    few = shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr("ganzoo.engine.run.folder.shutil.disk_usage", lambda place: few)
    with pytest.raises(TrainingError, match=r"need about .* MB, 0 MB are free there; make room"):
        run_ring(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def damage(folder):
    for path in checkpoint_folders(folder / "checkpoints"):
        yield path, (path / "state.safetensors").write_bytes(b"torn")


def test_a_damaged_checkpoint_is_set_aside_and_never_outlives_the_good_ones(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    run_ring(tmp_path / "run", 2560)
    newest, _ = next(damage(tmp_path / "run"))
    train(ring_config(3840), RunOptions(tmp_path / "run", quiet=True, keep=1))
    there = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert there == {f"{3840:012d}", f"damaged-{newest.name}"}


def test_a_run_without_a_whole_checkpoint_does_not_begin_again_unasked(tiny_world, tmp_path):
    train(ring_config(1280), RunOptions(tmp_path / "run", quiet=True, log_every=128))
    metrics = (tmp_path / "run" / "metrics.jsonl").read_text()
    list(damage(tmp_path / "run"))
    with pytest.raises(
        TrainingError, match=r"no checkpoint in .* is complete; to start from the beginning"
    ):
        run_ring(tmp_path / "run", 2560)
    assert (tmp_path / "run" / "metrics.jsonl").read_text() == metrics


def test_a_folder_is_trained_in_by_one_process_at_a_time(tiny_world, tmp_path):
    run_ring(tmp_path / "run", 1280)
    with (
        locked(tmp_path / "run"),
        pytest.raises(TrainingError, match="another process is training in .*run; wait for it"),
    ):
        run_ring(tmp_path / "run", 2560)
    assert run_ring(tmp_path / "run", 2560).kind == "finished"


@pytest.mark.filterwarnings("ignore:It is highly recommended:UserWarning")  # timm's, of kron
def test_an_optimizer_whose_state_no_checkpoint_holds_is_refused_by_name(tiny_world, tmp_path):
    both = {player: {"name": "kron", "lr": 1e-3} for player in ("generator", "discriminator")}
    with pytest.raises(TrainingError, match=r"generator optimizer keeps '\w+', a \w+, which no"):
        run_ring(tmp_path / "run", 1280, optimizers=both)


@pytest.mark.parametrize("place", ["a-file/run", "/proc/run"])
def test_a_folder_that_cannot_be_written_is_refused_before_training(tiny_world, tmp_path, place):
    (tmp_path / "a-file").write_text("I am no folder")
    with pytest.raises(TrainingError, match=r"cannot be written \(.*\); give another --out"):
        run_ring(tmp_path / place)
