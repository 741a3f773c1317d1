from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import commands
from commands import python
from distributions import install, offering
from ganzoo._version import __version__
from ganzoo.cards import Catalogue
from ganzoo.cli import COMMANDS
from model_folders import only_official, write_model, write_recipe
from tiny import make_plugin, tiny_plugin

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(autouse=True)
def _as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("ganzoo"), "filters", [])


class Command:
    """Runs the command in this process; keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str | Path) -> int:
        code = commands.ganzoo(*words)
        self.out, self.err = self.capsys.readouterr()
        return code

    def complaint(self, *words: str | Path, code: int) -> str:
        """The one line on stderr of a command that fails with `code` and prints nothing."""
        assert (self(*words), self.out) == (code, "")
        assert self.err.startswith("ganzoo: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        return self.err


@pytest.fixture
def ganzoo(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def zoo(world: Callable[..., Catalogue], tmp_path: Path) -> Path:
    """A zoo of five models in every state; returns the folder of the official ones."""
    place = tmp_path / "zoo"
    counts = {"generator": 1_234_567, "discriminator": 4_321}
    write_model(place / "tiny-ring", description="A ring.", parameters=counts)
    write_recipe(place / "tiny-recipe", description="To be trained.")
    write_model(place / "tiny-needy", requires={"absent": ">=0.1"})
    (write_model(place / "tiny-broken") / "config.json").write_text("{")
    write_model(tmp_path / "lab" / "tiny-ring")
    lab = make_plugin("lab", ganzoo_cards=[tmp_path / "lab"])
    only_official(world(tiny_plugin(), lab), place)
    return place


# The command itself


def test_help_shows_every_command_with_its_line(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("--help") == 0
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in ganzoo.out
        assert text in " ".join(ganzoo.out.split())


def test_h_is_help(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("-h") == 0
    assert ganzoo.out.startswith("Usage: ganzoo")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, ganzoo: Command, zoo: Path) -> None:
    assert ganzoo(name, "--help") == 0
    assert ganzoo.out.startswith(f"Usage: ganzoo {name}")


def test_version_says_the_version(ganzoo: Command) -> None:
    assert ganzoo("--version") == 0
    assert ganzoo.out == f"ganzoo, version {__version__}\n"


def test_no_command_shows_the_help_and_is_wrong_usage(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo() == 2
    assert "Usage: ganzoo" in ganzoo.err


@pytest.mark.parametrize(
    ("asked", "near"), [("lst", "list"), ("shwo", "show"), ("plugin", "plugins")]
)
def test_an_unknown_command_suggests_the_nearest(
    asked: str, near: str, ganzoo: Command, zoo: Path
) -> None:
    said = ganzoo.complaint(asked, code=2)
    assert f"there is no command {asked!r}; did you mean" in said
    assert repr(near) in said


def test_an_unknown_command_with_nothing_near_lists_all(ganzoo: Command, zoo: Path) -> None:
    said = ganzoo.complaint("zzz", code=2)
    assert "there is no command 'zzz'; there are: bench, cache, cards, " in said


def test_an_unknown_option_suggests_the_nearest(ganzoo: Command, zoo: Path) -> None:
    said = ganzoo.complaint("list", "--jsn", code=2)
    assert "--jsn" in said
    assert "--json" in said


def test_a_word_too_many_is_wrong_usage(ganzoo: Command, zoo: Path) -> None:
    assert "extra" in ganzoo.complaint("list", "a", "b", code=2)


def test_a_missing_word_is_wrong_usage(ganzoo: Command, zoo: Path) -> None:
    assert "Missing argument 'WHAT'" in ganzoo.complaint("show", code=2)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_leaves_the_process_fit_for_the_next(
    name: str, ganzoo: Command, zoo: Path
) -> None:
    assert ganzoo(name, "--help") == 0
    assert ganzoo("--version") == 0


# list


def test_list_shows_every_model_with_its_status(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list") == 0
    header, *rows = ganzoo.out.splitlines()
    columns = ["NAME", "FAMILY", "DATA", "SIZE", "PARAMETERS", "QUALITY", "STATUS"]
    assert header.split() == columns
    told = {row.split()[0]: row for row in rows}
    assert list(told) == ["tiny-broken", "tiny-needy", "tiny-recipe", "tiny-ring", "lab/tiny-ring"]
    assert told["tiny-ring"].split()[:3] == ["tiny-ring", "tiny", "tiny-ring"]
    assert "1.2M + 4k" in told["tiny-ring"]
    assert told["tiny-ring"].endswith("ready")
    assert told["tiny-needy"].endswith("needs absent")
    assert told["tiny-recipe"].endswith("recipe")
    assert "not valid JSON" in told["tiny-broken"]
    assert ganzoo.err == ""


def test_list_takes_a_pattern_a_family_and_a_data_set(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list", "re*", "--family", "tiny", "--data", "tiny-ring") == 0
    assert ganzoo.out == ""
    assert ganzoo("list", "*-re*", "--family", "tiny", "--data", "tiny-ring") == 0
    assert [line.split()[0] for line in ganzoo.out.splitlines()] == ["NAME", "tiny-recipe"]


def test_list_takes_a_licence(ganzoo: Command, zoo: Path) -> None:
    licences = {"code": "MIT", "weights": "CC-BY-4.0", "data": "CC0-1.0"}
    write_recipe(zoo / "tiny-free", licenses=licences)
    assert ganzoo("list", "--license", "cc-by-4.0") == 0
    assert [line.split()[0] for line in ganzoo.out.splitlines()] == ["NAME", "tiny-free"]


def test_list_tells_size_and_quality(ganzoo: Command, zoo: Path) -> None:
    figure = {"name": "FD", "value": 4.25, "protocol": "p", "n": 10, "command": "c"}
    file = {"sha256": "0" * 64, "bytes": 2_500_000}
    write_recipe(zoo / "tiny-good", metrics=[figure], files={"model.safetensors": file})
    assert ganzoo("list", "tiny-good") == 0
    row = ganzoo.out.splitlines()[-1]
    assert "2.5 MB" in row
    assert "FD 4.25" in row


def test_list_says_when_nothing_fits(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list", "zzz") == 0
    assert (ganzoo.out, ganzoo.err) == ("", "no model matches; `ganzoo list` shows all 5\n")


def test_list_says_when_there_are_no_models(
    ganzoo: Command, world: Callable[..., Catalogue]
) -> None:
    only_official(world())
    assert ganzoo("list") == 0
    assert (ganzoo.out, ganzoo.err) == ("", "there are no models: no plugin offers any\n")


def test_list_json_is_for_programs(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list", "--json") == 0
    records = json.loads(ganzoo.out)
    assert {(record["distribution"], record["name"]): record["status"] for record in records} == {
        ("ganzoo", "tiny-broken"): "broken",
        ("ganzoo", "tiny-needy"): "needs absent",
        ("ganzoo", "tiny-recipe"): "recipe",
        ("ganzoo", "tiny-ring"): "ready",
        ("lab", "lab/tiny-ring"): "ready",  # as `ganzoo.load` takes it
    }
    ring = next(record for record in records if record["description"] == "A ring.")
    assert ring["folder"] == str(zoo / "tiny-ring")
    assert ring["parameters"] == {"generator": 1_234_567, "discriminator": 4_321}
    assert (ring["family"], ring["data"], ring["problem"]) == ("tiny", "tiny-ring", "")


def test_list_json_is_json_where_nothing_fits(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list", "zzz", "--json") == 0
    assert json.loads(ganzoo.out) == []


def test_list_markdown_is_a_table(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("list", "tiny-r", "--markdown") == 0
    assert ganzoo.out.splitlines() == [
        "| model | data | parameters (G + D) | quality | what it is |",
        "| --- | --- | --- | --- | --- |",
        "| `tiny-recipe` | tiny-ring |  |  | To be trained. |",
        "| `tiny-ring` | tiny-ring | 1.2M + 4k |  | A ring. |",
        "| `lab/tiny-ring` | tiny-ring |  |  |  |",
    ]


@pytest.mark.parametrize("form", [(), ("--markdown",)])
@pytest.mark.parametrize("text", ["a | b", "two\nlines", "tab\there", "\ud800"])
def test_a_description_cannot_break_the_table(
    form: tuple[str, ...], text: str, ganzoo: Command, zoo: Path
) -> None:
    write_recipe(zoo / "tiny-odd", description=text)
    assert ganzoo("list", "tiny-odd", *form) == 0
    *_, row = lines = ganzoo.out.splitlines()
    assert len(lines) == 2 + len(form)
    if form:
        assert row.replace("\\|", "").count("|") == 6


# show


def test_show_tells_what_the_card_holds(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("show", "tiny-ring") == 0
    assert ganzoo.out.splitlines()[0] == "tiny-ring      A ring."
    for text in (
        "status         ready",
        f"folder         {zoo / 'tiny-ring'}",
        "generator      tiny/tiny  1,234,567 parameters",
        "loss           ganzoo/hinge",
        "data           tiny/tiny-ring",
        "1,000,000 images, batch 64",
        "model.safetensors  0.00 MB  sha256 " + "0" * 64,
    ):
        assert text in ganzoo.out


def test_show_says_what_a_model_needs(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("show", "tiny-needy") == 0
    assert "needs absent: absent is not installed; install it: pip install ./" in ganzoo.out


def test_show_leaves_out_what_is_still_to_be_written(ganzoo: Command, zoo: Path) -> None:
    blank = "<!-- write: what the model is for -->"
    text = f"# Ring\n\nA ring.\n\n## Use\n\n{blank}\n\n## Limits\n\nIt is small.\n"
    (zoo / "tiny-ring" / "README.md").write_text(text)
    assert ganzoo("show", "tiny-ring") == 0
    assert ganzoo.out.endswith("# Ring\n\nA ring.\n\n## Limits\n\nIt is small.\n")


def test_check_of_a_plugins_sources_says_how_it_is_checked(ganzoo: Command, zoo: Path) -> None:
    folder = zoo / "ganzoo-mine"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "Ganzoo_Mine"\n')
    said = ganzoo.complaint("check", f"{folder}/", code=2)
    assert f"{folder} holds the sources of ganzoo-mine, which is not installed: pip" in said
    (folder / "pyproject.toml").write_text('[project]\nname = "tiny"\n')
    said = ganzoo.complaint("check", f"{folder}/", code=2)
    assert said.endswith("which is installed: ganzoo check tiny\n")


def test_show_takes_a_folder(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("show", zoo / "tiny-recipe") == 0
    assert "recipe: no weights yet; train it: ganzoo train" in ganzoo.out


def test_show_json_holds_the_whole_config(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("show", "tiny-ring", "--json") == 0
    shown = json.loads(ganzoo.out)
    assert shown["config"] == json.loads((zoo / "tiny-ring" / "config.json").read_text())
    assert (shown["name"], shown["status"]) == ("tiny-ring", "ready")
    assert shown["folder"] == str(zoo / "tiny-ring")


def test_show_of_a_broken_card_says_why(ganzoo: Command, zoo: Path) -> None:
    assert "tiny-broken: " in (said := ganzoo.complaint("show", "tiny-broken", code=1))
    assert "not valid JSON" in said


def test_show_of_an_unknown_name_is_wrong_usage_with_the_nearest(
    ganzoo: Command, zoo: Path
) -> None:
    said = ganzoo.complaint("show", "tiny-rings", code=2)
    assert said.startswith("ganzoo: there is no model 'tiny-rings'; did you mean 'tiny-ring'")


def test_show_of_a_missing_folder_fails(ganzoo: Command, zoo: Path) -> None:
    said = ganzoo.complaint("show", zoo / "absent", code=1)
    assert f"there is no folder '{zoo / 'absent'}'; `ganzoo list` shows the names" in said


# plugins


def test_plugins_tells_what_each_offers(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("plugins") == 0
    lines = [line.split() for line in ganzoo.out.splitlines()]
    assert [line[:2] for line in lines if line[0] in ("ganzoo", "tiny")] == [
        ["ganzoo", __version__],
        ["tiny", "1.0"],
    ]
    assert all(line[-1] == "ms)" for line in lines if line[0] in ("ganzoo", "tiny"))
    assert ["generators", "tiny"] in lines
    assert ["models", "tiny-ring"] in lines


def test_plugins_tells_what_is_wrong(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("plugins") == 0
    *_, last = ganzoo.out.splitlines()
    label, _, reason = last.strip().partition(" ")
    assert label == "problem"
    assert reason.strip().startswith("ganzoo_cards: the name 'tiny-ring' is taken by ganzoo")


def test_plugins_json_is_for_programs(ganzoo: Command, zoo: Path) -> None:
    assert ganzoo("plugins", "--json") == 0
    records = {record["distribution"]: record for record in json.loads(ganzoo.out)}
    assert list(records) == ["ganzoo", "tiny", "lab"]
    assert records["tiny"]["offers"]["datasets"] == ["tiny-ring"]
    assert records["tiny"]["version"] == "1.0"
    assert records["tiny"]["loaded"] is True
    assert len(records["lab"]["problems"]) == 1


# cards


@pytest.fixture
def cards(world: Callable[..., Catalogue], tmp_path: Path) -> Path:
    """A folder of two models whose generated parts are not there yet."""
    only_official(world(tiny_plugin()))
    write_model(tmp_path / "cards" / "tiny-a", description="The first.")
    write_recipe(tmp_path / "cards" / "tiny-b", description="The second.")
    return tmp_path / "cards"


def test_cards_build_writes_readmes_and_the_index(ganzoo: Command, cards: Path) -> None:
    assert ganzoo("cards", "build", cards) == 0
    assert ganzoo.out.count("written") == 3
    assert (cards / "tiny-a" / "README.md").read_text().startswith("---\n")
    index = (cards / "README.md").read_text()
    assert "| `tiny-a` | tiny-ring |  |  | The first. |" in index
    assert "| `tiny-b` | tiny-ring |  |  | The second. |" in index


def test_cards_build_again_writes_nothing(ganzoo: Command, cards: Path) -> None:
    ganzoo("cards", "build", cards)
    assert ganzoo("cards", "build", cards) == 0
    assert ganzoo.out == f"{cards}: all cards are up to date\n"


def test_cards_check_is_content_with_what_build_wrote(ganzoo: Command, cards: Path) -> None:
    ganzoo("cards", "build", cards)
    assert ganzoo("cards", "build", cards, "--check") == 0


def test_cards_check_fails_where_cards_are_stale_and_changes_nothing(
    ganzoo: Command, cards: Path
) -> None:
    assert ganzoo("cards", "build", cards, "--check") == 1
    assert ganzoo.out.count("stale; run `ganzoo cards build`") == 3
    assert not list(cards.rglob("README.md"))


def test_cards_check_sees_a_changed_config(ganzoo: Command, cards: Path) -> None:
    ganzoo("cards", "build", cards)
    config = cards / "tiny-a" / "config.json"
    config.write_text(config.read_text().replace("The first.", "Another."))
    assert ganzoo("cards", "build", cards, "--check") == 1
    assert ganzoo.out.startswith(f"{cards / 'README.md'}: stale")


def test_cards_build_keeps_the_prose_that_a_person_wrote(ganzoo: Command, cards: Path) -> None:
    ganzoo("cards", "build", cards)
    readme = cards / "tiny-a" / "README.md"
    head, _, _ = readme.read_text().rpartition("---\n")
    readme.write_text("---\nlicense: wrong\n---\n\n# My ring\n\nIt --- fails.\n---\nOften.\n")
    assert ganzoo("cards", "build", cards) == 0
    assert readme.read_text() == f"{head}---\n\n# My ring\n\nIt --- fails.\n---\nOften.\n"


def test_cards_build_of_a_folder_without_models_fails(ganzoo: Command, tmp_path: Path) -> None:
    assert "contains no model folders" in ganzoo.complaint("cards", "build", tmp_path, code=1)


def test_cards_build_of_a_broken_card_says_which(ganzoo: Command, cards: Path) -> None:
    (cards / "tiny-a" / "config.json").write_text("{")
    assert "tiny-a/config.json: not valid JSON" in ganzoo.complaint("cards", "build", cards, code=1)


# As a shell runs it


POISON = "raise ImportError('this must not be imported above the torch line')\n"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose torch, torchvision, timm and numpy cannot be imported, and one model."""
    place = tmp_path_factory.mktemp("poisoned")
    for name in ("torch", "torchvision", "timm", "numpy"):
        (place / name).mkdir()
        (place / name / "__init__.py").write_text(POISON)
    write_model(place / "models" / "poisoned-ring")
    source = offering("ganzoo_cards", [str(place / "models")])
    install(place, "poisoned", {"it": "poisoned_plugin"}, modules={"poisoned_plugin": source})
    return place


def test_the_poison_works(poisoned: Path) -> None:
    assert (
        "must not be imported" in python("-c", "import torch", path=poisoned, cwd=poisoned).stderr
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--help",), "Usage: ganzoo"),
        (("--version",), __version__),
        (("list",), "poisoned-ring"),
        (("list", "--json"), '"poisoned-ring"'),
        (("list", "--markdown"), "`poisoned-ring`"),
        (("show", "poisoned-ring"), "status         ready"),
        (("show", "./models/poisoned-ring", "--json"), '"ganzoo_config": 1'),
        (("plugins",), "poisoned 1.0"),
    ],
    ids=lambda value: value.strip("-") if isinstance(value, str) else " ".join(value),
)
def test_a_command_above_the_torch_line_imports_none_of_it(
    words: tuple[str, ...], shown: str, poisoned: Path
) -> None:
    done = python("-m", "ganzoo", *words, path=poisoned, cwd=poisoned)
    assert (done.returncode, done.stderr) == (0, "")
    assert shown in done.stdout


#: What a list, a help page and a shell's completion are too short to wait for.
SLOW = {"email", "importlib.metadata", "logging", "packaging", "rich", "huggingface_hub"}
SLOW |= {"ganzoo.specs", "ganzoo.files", "ganzoo.arguments", "ganzoo.new_plugin", "ganzoo.build"}
IMPORTED = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


@pytest.mark.parametrize(
    ("words", "completing"),
    [
        (["list"], ""),
        (["list", "--markdown"], ""),
        (["--help"], ""),
        (["list", "--help"], ""),
        ([], "ganzoo "),
        ([], "ganzoo show "),
    ],
    ids=str,
)
def test_what_answers_at_once_imports_nothing_slow(
    words: list[str],
    completing: str,
    poisoned: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert python("-m", "ganzoo", "list", path=poisoned, cwd=poisoned).returncode == 0
    if completing:
        monkeypatch.setenv("_GANZOO_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", completing)
        monkeypatch.setenv("COMP_CWORD", str(completing.count(" ")))
    code = f"{IMPORTED}from ganzoo.cli import main; main({words!r})"
    done = python("-c", code, path=poisoned, cwd=poisoned)
    assert done.returncode == 0
    assert done.stdout
    assert not SLOW & set(done.stderr.split())


def test_ganzoo_and_its_listing_import_without_torch(poisoned: Path) -> None:
    code = "import ganzoo; print(ganzoo.list_models('poisoned'), ganzoo.card('poisoned-ring').name)"
    done = python("-c", code, path=poisoned, cwd=poisoned)
    assert (done.stdout, done.stderr) == ("['poisoned-ring'] poisoned-ring\n", "")


@pytest.mark.parametrize(
    "module", sorted(PLUGINS.glob("*/src/*/plugin.py")), ids=lambda path: path.parent.name
)
def test_an_official_plugins_module_imports_without_torch(module: Path, poisoned: Path) -> None:
    path = os.pathsep.join([str(poisoned), str(module.parents[1])])
    done = python("-c", f"import {module.parent.name}.plugin", path=path, cwd=poisoned)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def with_debug(poisoned: Path) -> dict[str, tuple[int, str]]:
    """Exit code and stderr of one failing command: without --debug, with it first, and last."""
    forms = {
        "": ("show", "zz"),
        "first": ("--debug", "show", "zz"),
        "last": ("show", "zz", "--debug"),
    }
    done = {
        place: python("-m", "ganzoo", *words, path=poisoned, cwd=poisoned)
        for place, words in forms.items()
    }
    return {place: (each.returncode, each.stderr) for place, each in done.items()}


def test_without_debug_there_is_no_traceback(with_debug: dict[str, tuple[int, str]]) -> None:
    code, err = with_debug[""]
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith("ganzoo: there is no model 'zz'")


@pytest.mark.parametrize("place", ["first", "last"])
def test_debug_shows_the_traceback(place: str, with_debug: dict[str, tuple[int, str]]) -> None:
    _, err = with_debug[place]
    assert "Traceback (most recent call last)" in err
    assert "there is no model 'zz'" in err


@pytest.mark.parametrize("place", ["first", "last"])
def test_debug_leaves_the_exit_code(place: str, with_debug: dict[str, tuple[int, str]]) -> None:
    assert with_debug[place][0] == 2
