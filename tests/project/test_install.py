"""Fresh environments: wheels and an editable install both carry the cards and the weights.

The environments borrow the outer one's packages (torch is gigabytes) through links to everything
but ganzoo's own distributions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fresh_environments import fresh_environment, install, run

ROOT = Path(__file__).parents[2]
PLUGINS = sorted((ROOT / "plugins").iterdir())
#: Bytes of the wheel with all cards: what everybody downloads who installs it. PyPI takes 100 MB.
MOST = 80_000_000
SAMPLE = """
import ganzoo
model = ganzoo.load("dcgan-mnist")
assert model.sample(3, seed=0).shape == (3, 1, 28, 28)
assert model.discriminator is not None
print(model.card.folder)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of what git tracks, so that builds leave nothing in the real one."""
    folder = tmp_path_factory.mktemp("checkout") / "ganzoo"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheels(checkout, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    sources = [checkout, *(checkout / "plugins" / plugin.name for plugin in PLUGINS)]
    words = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    run(sys.executable, "-m", "pip", *words, *sources, cwd=folder)
    return sorted(folder.glob("*.whl"))


def test_wheels_carry_cards_weights_types_and_licences(wheels):
    (core,) = (wheel for wheel in wheels if wheel.name.startswith("ganzoo_core-"))
    names = set(zipfile.ZipFile(core).namelist())
    assert len(wheels) == 1 + len(PLUGINS)
    for folder in (ROOT / "zoo_cards").glob("*/"):
        for file in folder.iterdir():
            assert f"ganzoo/zoo_cards/{folder.name}/{file.name}" in names
    assert {"ganzoo/py.typed", "ganzoo/data/mnist-mini.safetensors"} <= names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert core.stat().st_size < MOST
    assert not any(name.startswith(("tests", "plugins", "zoo_cards")) for name in names)


def test_wheels_run_in_a_fresh_environment(wheels, tmp_path):
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, *wheels)
    folder = run(binaries / "python", "-c", SAMPLE, cwd=tmp_path).strip()
    assert Path(folder).is_relative_to(tmp_path / "env")
    assert "dcgan-mnist" in run(binaries / "ganzoo", "list", cwd=tmp_path)
    run(binaries / "ganzoo", "sample", "vanilla-mnist", "-o", "grid.png", cwd=tmp_path)
    assert (tmp_path / "grid.png").is_file()


def test_the_core_alone_lists_what_it_cannot_load(wheels, tmp_path):
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, *(wheel for wheel in wheels if wheel.name.startswith("ganzoo_core-")))
    assert "needs ganzoo-dcgan" in run(binaries / "ganzoo", "list", cwd=tmp_path)
    ended = subprocess.run(
        [binaries / "ganzoo", "sample", "dcgan-mnist"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "ganzoo: dcgan-mnist: ganzoo-dcgan is not installed; "
        "install it: pip install ./plugins/ganzoo-dcgan\n"
    )


def test_an_editable_install_runs(checkout, tmp_path):
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, "-e", checkout)
    for plugin in PLUGINS:
        install(binaries, "-e", checkout / "plugins" / plugin.name)
    folder = run(binaries / "python", "-c", SAMPLE, cwd=tmp_path).strip()
    assert Path(folder) == checkout / "zoo_cards" / "dcgan-mnist"


@pytest.mark.slow
def test_make_demo_from_nothing(checkout):
    """The README's first command, with nothing borrowed: torch and all are installed."""
    run("make", "demo", cwd=checkout)
    assert (checkout / "samples.png").stat().st_size > 5_000
