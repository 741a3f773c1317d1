"""docs/tutorial.md builds a GAN that trains, is right and is published: done here as told."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import commands
from fresh_environments import ROOT, fresh_environment, install, run
from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
CODE = {name: text for name, text in FILES.items() if name.endswith(".py")}
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line
    for language, block in FENCED
    for line in block.splitlines()
    if language == "sh" and line.startswith(("ganzoo ", "python "))
]
MODEL = Path("src") / "ganzoo_weave" / "models" / "weave-mnist-mini"


def write_package(folder: Path) -> Path:
    """The author's files, as the page shows them."""
    for name, text in {**FILES, "src/ganzoo_weave/__init__.py": ""}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def with_metadata(folder: Path) -> Path:
    """The package with what an installer would write beside it."""
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    info = folder / "src" / "ganzoo_weave-0.1.0.dist-info"
    info.mkdir()
    needs = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head + needs)
    ((name, module),) = project["entry-points"]["ganzoo"].items()
    (info / "entry_points.txt").write_text(f"[ganzoo]\n{name} = {module}\n")
    return folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package, as good as installed, and the current folder."""
    folder = with_metadata(write_package(tmp_path / "ganzoo-weave"))
    monkeypatch.syspath_prepend(folder / "src")
    monkeypatch.chdir(folder)
    with using(Catalogue(PluginManager())):
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "ganzoo_weave"]:
        del sys.modules[name]


@pytest.fixture
def command(package: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Give a command that must succeed, as on a new day; what it says."""

    def give(*words: str) -> str:
        with using(Catalogue(PluginManager())):
            code = commands.ganzoo(*words)
        out, error = capsys.readouterr()
        assert code == 0, out + error
        return out

    return give


def test_the_author_writes_at_most_80_lines() -> None:
    lines = [line for text in CODE.values() for line in text.splitlines() if line.strip()]
    assert len(lines) <= 80
    said = re.search(r"(\d+) lines of Python", PAGE)
    assert said is not None
    assert int(said[1]) == len(lines)


def test_the_tree_shows_the_files() -> None:
    tree = PAGE.partition("ganzoo-weave/\n")[2].partition("```")[0]
    for name in FILES:
        assert name == "card.md" or Path(name).name in tree


def test_every_command_of_the_page_is_tried() -> None:
    tried = {"plugins", "list", "train", "sample", "check", "eval", "publish", "show", "new-plugin"}
    assert {line.split()[1] for line in COMMANDS if line.startswith("ganzoo ")} <= tried


def test_the_page_trains_and_publishes(package: Path, command: Callable[..., str]) -> None:
    """With 256 images, and without what takes minutes."""
    assert re.search(r"^weave-mnist-mini .* recipe$", command("list", "weave"), re.MULTILINE)
    out = command("plugins")
    assert re.search(r"^ganzoo-weave 0\.1\.0 .*\n  generators +weave$", out, re.MULTILINE), out
    command("train", "weave-mnist-mini", "--images", "256", "--threads", "1", "--quiet")
    (publish,) = (line for line in COMMANDS if line.startswith("ganzoo publish"))
    command(*shlex.split(publish)[1:], "--no-metrics")
    assert (package / MODEL / "model.safetensors").is_file()
    assert "How it fails" in (package / MODEL / "README.md").read_text()
    assert re.search(r"^weave-mnist-mini .* ready$", command("list", "weave"), re.MULTILINE)
    command("sample", "weave-mnist-mini", "-n", "4", "-o", "digits/")
    assert len(list((package / "digits").iterdir())) == 4


def test_the_pages_test_of_the_equation_passes(package: Path) -> None:
    names: dict[str, Any] = {}
    exec(FILES["tests/test_weave.py"], names)
    names["test_the_best_lead_is_the_slope_times_the_distance"]()
    (mark,) = names["test_the_plugin_is_right"].pytestmark
    checks = {case.id: case.values for case in mark.args[1]}
    for name in ("generator/weave-range", "loss/weave-terms", "game/weave-mnist-mini-starts"):
        part, check = checks[name]
        check(part)


@pytest.mark.slow
def test_the_whole_page_in_a_fresh_environment(tmp_path: Path) -> None:
    """Every command as it stands, in order: minutes."""
    core, package = tmp_path / "core", write_package(tmp_path / "ganzoo-weave")
    for name in ("ganzoo", "zoo_cards"):
        shutil.copytree(ROOT / name, core / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy2(ROOT / name, core)
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, core)
    install(binaries, "-e", package)
    for line in COMMANDS:
        program, *words = shlex.split(line)
        if words[0] != "new-plugin" and "--seeds" not in words:
            run(binaries / program, *words, cwd=package)
    config = json.loads((package / MODEL / "config.json").read_text())
    assert config["metrics"]
    assert config["metrics"][0]["value"] < 20  # 11.4; the Gaussian of the data's pixels has 34
    assert config["provenance"]["images"] == 120_000
