"""The README tells the truth: its commands run, its code runs, its table is the zoo's."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ganzoo
from ganzoo.cards import Catalogue, catalogue, using
from ganzoo.cli.list import model_table
from ganzoo.plugins import PluginManager
from image_files import write_pictures

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of a language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def commands() -> list[list[str]]:
    """Each `ganzoo ...` line of the README's shell blocks, without comments and line breaks."""
    text = "\n".join(blocks("sh")).replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [line for line in lines if line[:1] == ["ganzoo"]]


SAMPLES = [line for line in commands() if line[1] == "sample"]
TRAININGS = [line for line in commands() if line[1] == "train"]


def in_a_process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ganzoo", *words], cwd=cwd, capture_output=True, text=True
    )


def run(*words: str) -> None:
    """Run a command of the installed plugins here, in the current folder; it must succeed."""
    with using(Catalogue(PluginManager())):
        assert ganzoo(*words) == 0


def test_the_table_of_models_is_the_zoos():
    table = README.partition("<!-- models: ganzoo list --markdown -->")[2]
    cards = [card for card in catalogue().cards if card.distribution == "ganzoo"]
    official = [(card.name, card) for card in cards]
    assert table.partition("<!-- /models -->")[0].strip() == model_table(official)


def test_there_are_commands_to_try():
    assert len(SAMPLES) >= 2
    assert len(TRAININGS) >= 3


@pytest.mark.parametrize("line", SAMPLES, ids=" ".join)
def test_sampling_commands_run(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(*line[1:])
    assert any(tmp_path.iterdir())


def test_the_first_command_runs_in_a_process_of_its_own(tmp_path):
    ended = in_a_process(*SAMPLES[0][1:], cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert any(tmp_path.iterdir())


@pytest.mark.parametrize("line", TRAININGS, ids=" ".join)
def test_training_commands_run_on_the_data_in_the_package(line, tmp_path, monkeypatch, cache):
    """The same command for a few images, on mnist-mini unless it has pictures of one's own."""
    monkeypatch.chdir(tmp_path)
    if "folder:photos/" in line:
        write_pictures(tmp_path / "photos", 40, size=(70, 70))
        changed = ("--images", "32")
    else:
        changed = ("--data", "mnist-mini", "--images", "128")
    run(*line[1:], *changed, "--threads", "1", "--quiet")
    if "--dry-run" in line:
        assert not (tmp_path / "runs").exists()
        return
    folder = tmp_path / line[line.index("--out") + 1]
    count = int(line[line.index("--seeds") + 1]) if "--seeds" in line else None
    runs = [folder] if count is None else [folder / f"seed-{seed}" for seed in range(count)]
    assert all((run / "export" / "model.safetensors").is_file() for run in runs)


def test_the_python_code_runs():
    sampling, parts = (code for code in blocks("python") if code.startswith("import ganzoo"))
    names: dict[str, object] = {}
    exec(sampling, names)
    assert names["images"].shape == (64, 1, 28, 28)
    assert names["scores"].shape == (64,)
    exec(parts, names)
    assert names["generator"].sample_shape == (3, 64, 64)


def test_the_plugin_of_the_readme_trains(tmp_path, monkeypatch):
    """Its two files, installed as a distribution would be, join the zoo."""
    plugin, loss = (code for code in blocks("python") if code.startswith("# my_gan/"))
    (entry,) = blocks("toml")
    package, info = tmp_path / "my_gan", tmp_path / "my_gan-0.1.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(plugin)
    (package / "losses.py").write_text(loss)
    name, _, target = entry.splitlines()[1].partition(" = ")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-gan\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(f"[ganzoo]\n{name} = {target.strip(chr(34))}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    listed = in_a_process("plugins", cwd=tmp_path)
    assert re.search(r"^my-gan 0\.1 .*\n  losses +mine$", listed.stdout, re.MULTILINE), listed
    words = "train --generator vanilla --discriminator vanilla --loss mine --data mnist-mini"
    ended = in_a_process(*words.split(), "--images", "128", "--out", "run", "--quiet", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert '"my-gan/mine"' in (tmp_path / "run" / "export" / "config.json").read_text()


def test_the_make_targets_it_names_are_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    for target in re.findall(r"^make ([a-z-]+)", README, re.MULTILINE):
        assert target in targets


def test_the_plain_lines_are_those_of_the_makefile():
    """`make -n demo` shows the commands; the README's plain lines install the same."""
    shown = subprocess.run(
        ["make", "-n", "VENV=.venv-nowhere", "demo"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    (install,) = re.findall(r"pip install (-c requirements\.txt -e \. .*)", shown)
    assert f"pip install {install.strip()}" in README
    assert "ganzoo sample dcgan-mnist -o samples.png" in shown


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()
