"""`ganzoo new-plugin`: what it writes installs, trains and is right without a change."""

from __future__ import annotations

import re
import tomllib

import pytest

import commands
from fresh_environments import ROOT, fresh_environment, install, run
from ganzoo.errors import UsageError
from ganzoo.new_plugin.write import HERE, LICENCES, Names, write_plugin
from ganzoo.specs import read_config

TEMPLATE = HERE / "template"


def new_plugin(*words: object) -> int:
    return commands.ganzoo("new-plugin", *words)


def test_the_package_says_its_name_everywhere(tmp_path):
    folder = tmp_path / "new"
    files = write_plugin(folder, Names.parse("tri-color"), "MIT", 'Ada "A" Lovelace')
    found = {path.relative_to(folder).as_posix() for path in files}
    assert found == {
        ".github/workflows/tests.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/ganzoo_tri_color/__init__.py",
        "src/ganzoo_tri_color/loss.py",
        "src/ganzoo_tri_color/models/tri-color-mnist-mini/README.md",
        "src/ganzoo_tri_color/models/tri-color-mnist-mini/config.json",
        "src/ganzoo_tri_color/models/tri-color-ring/README.md",
        "src/ganzoo_tri_color/models/tri-color-ring/config.json",
        "src/ganzoo_tri_color/networks.py",
        "src/ganzoo_tri_color/plugin.py",
        "tests/test_tri_color.py",
    }
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not re.search("my.?gan|Your Name", text, re.IGNORECASE), path
    networks = (folder / "src" / "ganzoo_tri_color" / "networks.py").read_text()
    assert "class TriColorGenerator(Generator)" in networks


@pytest.mark.parametrize("licence", LICENCES)
def test_the_licence_that_was_chosen_is_everywhere(tmp_path, licence):
    assert new_plugin("mine", "-o", tmp_path / "new", "--license", licence, "--author", "Ada") == 0
    about = tomllib.loads((tmp_path / "new" / "pyproject.toml").read_text())["project"]
    assert (about["license"], about["authors"]) == (licence, [{"name": "Ada"}])
    for config in (tmp_path / "new").rglob("config.json"):
        read, _ = read_config(config)
        assert (read.licenses.code, read.licenses.weights) == (licence, licence)
    text = (tmp_path / "new" / "LICENSE").read_text()
    assert {"Apache-2.0": "Apache License", "MIT": "MIT License"}.get(licence, "BSD 3") in text
    template = (HERE / "licences" / f"{licence}.txt").read_text()
    changed = [line for line in text.splitlines() if line not in template.splitlines()]
    assert all(re.fullmatch(r"Copyright \(c\) \d{4},? Ada", line) for line in changed)
    assert len(changed) == (licence != "Apache-2.0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("My GAN", "lower-case letters.*such as 'my-gan'"),
        ("gan_two", "such as 'gan-two'"),
        ("3gan", "such as 'gan'"),
        ("--", "such as 'my-gan'"),
        ("../evil", "such as 'evil'"),
        ("class", "is taken"),
        ("ganzoo", "is taken"),
        ("ganzoo-core", "is taken"),
        ("testing", "is taken"),
    ],
)
def test_a_name_that_is_none_is_refused_with_one_that_is(text, said):
    with pytest.raises(UsageError, match=said):
        Names.parse(text)


def test_ganzoo_before_a_name_changes_nothing():
    assert Names.parse("ganzoo-tri") == Names.parse("tri")


def test_an_installed_plugins_name_is_refused(tmp_path, capsys):
    assert new_plugin("vanilla", "-o", tmp_path / "new") == 2
    assert "'vanilla' is taken by ganzoo-vanilla" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_is_there_is_not_overwritten(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert new_plugin("mine", "-o", tmp_path) == 2
    assert "exists already; move it away" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert new_plugin("mine", "-o", ".", "--author", "Ada") == 0
    assert not (tmp_path / ".new").exists()
    assert (tmp_path / "pyproject.toml").is_file()
    assert "ganzoo train mine-ring" in capsys.readouterr().out


def test_the_authors_part_is_small():
    """Networks and loss, without their words; the loss alone is what a new GAN may need."""
    lines = [
        line
        for name in ("networks.py", "loss.py")
        for line in (TEMPLATE / "src" / "ganzoo_my_gan" / name).read_text().splitlines()
        if line.strip() and not line.strip().startswith(("#", '"""'))
    ]
    assert len(lines) <= 85


def test_what_is_written_installs_trains_and_passes_its_own_tests(tmp_path):
    """In an environment of its own, which borrows the outer one's packages but ganzoo."""
    binaries = fresh_environment(tmp_path / "env")
    install(binaries, ROOT)
    run(binaries / "ganzoo", "new-plugin", "tri-color", "--author", "Ada", cwd=tmp_path)
    package = tmp_path / "ganzoo-tri-color"
    install(binaries, "-e", package)
    listed = run(binaries / "ganzoo", "list", "tri-color", cwd=tmp_path)
    for name in ("tri-color-ring", "tri-color-mnist-mini"):
        assert re.search(rf"^{name} .* recipe$", listed, re.MULTILINE)
        words = ("train", name, "--images", "2048", "--threads", "1", "--quiet")
        run(binaries / "ganzoo", *words, cwd=tmp_path)
        assert (tmp_path / "runs" / name / "export" / "model.safetensors").is_file()
    told = run(binaries / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=package)
    assert re.search(r"^\d+ passed, 6 skipped in", told, re.MULTILINE), told


def test_a_wheel_carries_its_models(tmp_path):
    folder = tmp_path / "new"
    write_plugin(folder, Names.parse("tri"), "MIT", "Ada")
    binaries = fresh_environment(tmp_path / "env")
    words = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path)
    run(binaries / "python", "-m", "pip", *words, folder, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    listed = run(binaries / "python", "-m", "zipfile", "-l", wheel, cwd=tmp_path)
    assert "ganzoo_tri/models/tri-ring/config.json" in listed
    assert "licenses/LICENSE" in listed
