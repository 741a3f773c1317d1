"""The prepared command for a lent GPU, rehearsed on a CPU with tiny budgets; its tools alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools"


def tiny_recipe(folder: Path, name: str, images: int) -> Path:
    path = folder / f"{name}.json"
    part = {"name": "vanilla", "arguments": {"widths": [16]}}
    recipe = {
        "loss": {"name": "non-saturating"},
        "data": {"name": "mnist-mini"},
        "images": images,
        "precision": "float32",
    }
    path.write_text(
        json.dumps({"ganzoo_config": 1, "generator": part, "discriminator": part, "recipe": recipe})
    )
    return path


def run(words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, timeout=600,
        env={**os.environ, "PYTHON": sys.executable, **more},
    )  # fmt: skip


def names(archive: Path) -> set[str]:
    with tarfile.open(archive) as opened:
        return set(opened.getnames())


def test_the_checkout_is_known_as_if_it_were_installed(tmp_path):
    said = run([sys.executable, str(TOOLS / "gpu_site.py"), str(tmp_path), "--wheels", "none"])
    assert said.returncode == 0, said.stderr
    folder, *others = said.stdout.strip().split(":")
    found = {dist.name: dist for dist in distributions(path=[folder])}
    projects = {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert found.keys() == {"ganzoo-core", *projects}
    (point,) = [p for p in found["ganzoo-dcgan"].entry_points if p.group == "ganzoo"]
    assert point.value == "ganzoo_dcgan.plugin"
    assert str(ROOT / "plugins" / "ganzoo-dcgan" / "src") in others


def test_jobs_come_in_order_of_worth():
    worth = (TOOLS / "zoo_jobs" / "worth").read_text()
    lines = [line.partition("#")[0].strip() for line in worth.splitlines()]
    jobs = [line.split()[0] for line in lines if line]
    recipes = {path.name for path in (TOOLS / "zoo_jobs").glob("*.json")}
    cards = {path.parent.name for path in ROOT.glob("zoo_cards/*/config.json")}
    assert {job for job in jobs if job.endswith(".json")} == recipes
    assert {job for job in jobs if not job.endswith(".json")} == cards


@pytest.mark.slow
def test_a_zoo_is_trained_within_its_time_and_what_is_unfinished_is_exported(tmp_path):
    short, long = tiny_recipe(tmp_path, "short", 6400), tiny_recipe(tmp_path, "long", 10**9)
    out, runs = tmp_path / "out", tmp_path / "runs"
    ended = run(
        [sys.executable, str(TOOLS / "train_zoo.py"), str(short), str(long), "--minutes", "2",
         "--jobs", "2", "--device", "cpu", "--out", str(out), "--runs", str(runs)],
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    table = (out / "zoo.md").read_text()
    assert "| short | 6,400 |" in table
    assert "finished" in table
    assert "of 1,000,000,000 images" in table
    held = names(out / "models-0.tar")
    for name in ("short", "long"):
        assert {f"{name}/export/model.safetensors", f"{name}/metrics.jsonl"} <= held
    made = json.loads((runs / "long" / "export" / "config.json").read_text())
    assert made["recipe"]["images"] == made["provenance"]["images"] < 10**9


@pytest.mark.slow
def test_the_prepared_command_runs_all_its_parts(tmp_path):
    """The tests of the GPU are skipped, the zoo and the benchmark are played on the CPU."""
    ended = run(
        ["bash", str(TOOLS / "gpu.sh"), str(tmp_path / "out"), "6"],
        DEVICE="cpu",
        GANZOO_RUNS=str(tmp_path / "runs"),
        ZOO_JOBS="1",
        ZOO_ARGS=str(tiny_recipe(tmp_path, "tiny", 640)),
        BENCH_ARGS="--recipes vanilla-mnist --no-compile",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("tests", "zoo", "bench"):
        assert f"== {name}: exit 0" in ended.stdout, ended.stdout
    assert "skipped" in (tmp_path / "out" / "tests.log").read_text()
    assert "| vanilla-mnist | 64 |" in (tmp_path / "out" / "bench.md").read_text()
    assert "tiny/export/model.safetensors" in names(tmp_path / "out" / "models-0.tar")
    assert len(list((tmp_path / "out").iterdir())) <= 8
