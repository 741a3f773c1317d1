"""`ganzoo doctor` and shell completion."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.cli.doctor import command
from model_folders import only_official
from tiny import make_plugin, tiny_plugin


def examine() -> tuple[int, str]:
    """Run the doctor; its exit code and what it says."""
    result = CliRunner().invoke(command, standalone_mode=False)
    assert result.exception is None, result.exception
    return result.return_value, result.output


def test_a_healthy_installation_has_no_problem(tiny_world, tmp_path, monkeypatch):
    only_official(tiny_world)
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    code, said = examine()
    assert code == 0, said
    for label in ("ganzoo", "python", "packages", "devices", "data", "cache", "models"):
        assert f"\n{label}" in f"\n{said}"
    assert "no problem found" in said


def test_a_broken_plugin_is_a_problem_with_advice(world):
    world(tiny_plugin(), make_plugin("sick", ganzoo_losses=None))
    code, said = examine()
    assert code == 1
    assert "sick 1.0: ganzoo_losses: expected a mapping, found None" in said
    assert "-> update or remove it" in said


def test_a_data_folder_that_cannot_be_written_is_named(tiny_world, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "file" / "data"))
    code, said = examine()
    assert code == 1
    assert "set GANZOO_DATA to a writable folder" in said


def test_a_torch_that_does_not_import_is_named(tiny_world, tmp_path, monkeypatch):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError('libcudart is missing')")
    ended = subprocess.run(
        [sys.executable, "-m", "ganzoo", "doctor"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "libcudart is missing" in ended.stdout
    assert "-> install versions that match" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("failure", [None, "operation not permitted"])
def test_a_gpu_is_named_with_whether_turns_can_be_recorded(failure, monkeypatch):
    from ganzoo.cli import doctor

    def record():
        if failure:
            raise RuntimeError(failure)

    card = SimpleNamespace(total_memory=80e9)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda number: "Card")
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number: card)
    monkeypatch.setattr(doctor, "_driver", lambda: "580.1")
    monkeypatch.setattr(doctor, "_record_a_graph", record)
    found = doctor._gpu()
    said = "can" if failure is None else "cannot"
    assert found.text.startswith(f"Card, 80 GB, driver 580.1; turns {said} run as CUDA graphs")
    assert found.advice == ("train with --no-graph, or update the driver" if failure else "")


def complete(words: str) -> list[str]:
    """What a shell would offer after these words."""
    from click.shell_completion import BashComplete

    *before, last = words.split(" ")
    found = BashComplete(cli, {}, "ganzoo", "_GANZOO_COMPLETE").get_completions(before, last)
    return [item.value for item in found]


def test_commands_are_completed(tiny_world):
    assert complete("sa") == ["sample"]


def test_names_of_models_are_completed(world):
    assert "dcgan-mnist" in complete("sample dcgan-")
    assert "dcgan-mnist" in complete("show ")


def test_completing_imports_no_command_of_a_plugin(world):
    world(make_plugin("slow", ganzoo_commands={"slow": ("no_such_module:command", "Be slow.")}))
    assert complete("slo") == ["slow"]


def test_completion_in_a_real_shell_needs_no_torch(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError('torch was imported')")
    ended = subprocess.run(
        [sys.executable, "-c", "from ganzoo.cli import main; main()"],
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "_GANZOO_COMPLETE": "bash_complete",
            "COMP_WORDS": "ganzoo sample dcgan",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
    )
    assert "plain,dcgan-mnist" in ended.stdout, ended.stderr
