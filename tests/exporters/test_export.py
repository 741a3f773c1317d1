"""`ganzoo export` and `Model.export`: what an exporter may do, and that nothing is half-written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import commands
from ganzoo.errors import GanzooError, PartError, PluginError, UnknownOptionError, UsageError
from ganzoo.testing.plugin_sources import offering
from ganzoo.testing.standins import plain_model
from ganzoo.zoo import Model

PLAIN = {
    "generator": {"plain": "ganzoo.testing.standins:PlainGenerator"},
    "discriminator": {"plain": "ganzoo.testing.standins:PlainDiscriminator"},
    "dataset": {"patterns": "ganzoo.testing.standins:Patterns"},
}
EXPORTERS = {
    "text": "small_exporters:text",
    "page": "small_exporters:page",
    "torn": "small_exporters:torn",
    "picky": "small_exporters:picky",
    "buggy": "small_exporters:buggy",
}


@pytest.fixture
def model(world: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A small model named `plain`, in a world with the exporters above."""
    plain = offering("ganzoo-testing", "1.5", PLAIN)
    world(plain, offering("lab", "0.3", {"exporter": EXPORTERS}))
    monkeypatch.chdir(tmp_path)
    return plain_model(tmp_path / "plain")


def test_an_exporter_writes_a_file_with_its_ending(model: Model, capsys):
    assert commands.ganzoo("export", "./plain", "--to", "text", "-o", "deep/a") == 0
    assert capsys.readouterr().out == "deep/a.txt: a name, 1 time\n"
    assert [path.name for path in Path("deep").iterdir()] == ["a.txt"]
    assert model.export("text", "a", times=2) == Path("a.txt")
    assert Path("a.txt").read_text() == "plainplain"


def test_the_models_name_is_the_default(model: Model):
    assert model.export("text") == Path("plain.txt")
    folder = Path("exports")
    folder.mkdir()
    assert model.export("lab/text", folder) == folder / "plain.txt"
    assert model.export("page", folder) == folder / "plain"


def test_a_folder_says_what_it_is_and_is_replaced(model: Model):
    model.export("page", "site", title="one")
    record = json.loads(Path("site/export.json").read_text())
    assert record.pop("sha256") == model.card.require_config().files["model.safetensors"].sha256
    assert record == {
        "exporter": "lab/page",
        "version": "0.3",
        "model": "plain",
        "options": {"title": "one"},
    }
    Path("site/old").touch()
    model.export("page", "site", title="two")
    assert sorted(path.name for path in Path("site").iterdir()) == ["export.json", "index.html"]
    assert Path("site/index.html").read_text() == "two"


@pytest.mark.parametrize("to", ["torn", "picky", "buggy"])
def test_what_fails_leaves_what_was_there(model: Model, to: str):
    Path("site").mkdir()
    Path("site/mine").touch()
    before = sorted(Path().rglob("*"))
    with pytest.raises(GanzooError):
        model.export(to, "new/site")
    with pytest.raises(GanzooError):
        model.export(to, "site")
    Path("new").rmdir()
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("to", "options", "error", "text"),
    [
        ("txet", {}, UsageError, "there is no exporter 'txet'; did you mean 'text'"),
        ("text", {"tmes": 1}, UnknownOptionError, "takes no argument 'tmes'; did you mean 'times'"),
        ("text", {"times": "two"}, PartError, "times must be a number, found the text 'two'"),
        ("torn", {}, PluginError, "lab/torn wrote a.1, b where one file or folder a was expected"),
        ("picky", {}, GanzooError, "plain is too small"),
        ("buggy", {}, PluginError, "exporter lab/buggy failed: ZeroDivisionError"),
    ],
)
def test_mistakes_are_told_in_one_line(model: Model, to, options, error, text):
    with pytest.raises(error, match=text):
        model.export(to, "a", **options)


def test_what_stands_in_the_way_stays(model: Model):
    Path("file").write_text("mine")
    with pytest.raises(UsageError, match="file is a file, and the export is a folder"):
        model.export("page", "file")
    model.export("page", "a.txt")
    with pytest.raises(UsageError, match="a.txt is a folder, and the export is a file"):
        model.export("text", "a")
    (Path("plain") / "plain").mkdir()
    with pytest.raises(UsageError, match="plain is a folder that no export wrote"):
        model.export("page", "plain")
    assert Path("file").read_text() == "mine"


def test_the_command_reads_options_and_names_the_form(model: Model, capsys):
    words = ("export", "./plain", "--to", "page", "-o", "site")
    assert commands.ganzoo(*words, "--set", "title=5", "--set", "count=2") == 0
    assert json.loads(Path("site/export.json").read_text())["options"] == {
        "title": 5,
        "count": 2,
    }
    assert commands.ganzoo(*words, "--set", "title") == 2
    assert "--set title: write OPTION=VALUE, such as opset=18" in capsys.readouterr().err
