"""`ganzoo train --seeds`: one recipe under several seeds, side by side in a folder."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import ModuleType

import pytest

import commands
import ganzoo
from ganzoo import hookimpl
from ganzoo.errors import CardError, ConfigError
from ganzoo.specs import Seeds, read_seeds, seed_folder
from short_runs import exported
from tiny import tiny_plugin

PARTS = ["--generator", "tiny", "--discriminator", "tiny", "--loss", "hinge", "--data", "tiny-ring"]
SHORT = [*PARTS, "--images", "128", "--quiet"]


@pytest.fixture
def zoo(world):
    return world(tiny_plugin())


@pytest.fixture
def train(zoo, tmp_path, monkeypatch, capsys):
    """Run `ganzoo train ...` in an empty folder: (exit code, output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        return commands.ganzoo("train", *words), *capsys.readouterr()

    return run


def stamps(folder: Path) -> dict[str, int]:
    """When each file below a folder was written, but for the lock and the list itself."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("seeds.json", ".lock")
    }


def seeds_of(folder: str) -> list[int]:
    return json.loads((Path(folder) / "seeds.json").read_text())["seeds"]


# --- Training ---------------------------------------------------------------------------------


def test_each_seed_has_a_run_of_its_own(train):
    code, out, _ = train(*SHORT, "--seeds", "2", "--out", "both")
    assert code == 0
    assert sorted(path.name for path in Path("both").iterdir()) == [
        "seed-0",
        "seed-1",
        "seeds.json",
    ]
    assert all(f"finished: both/seed-{seed}/export" in out for seed in (0, 1))
    for seed in (0, 1):
        config = ganzoo.card(seed_folder(Path("both"), seed)).config
        assert (config.recipe.seed, config.recipe.images) == (seed, 128)
    one, two = (exported(Path(f"both/seed-{seed}"))["layers.0.weight"] for seed in (0, 1))
    assert not one.equal(two)


def test_each_is_the_run_that_its_seed_alone_gives(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    train(*SHORT, "--seed", "1", "--out", "alone")
    file = Path("export/model.safetensors")
    assert (Path("both/seed-1") / file).read_bytes() == (Path("alone") / file).read_bytes()


def test_the_list_says_what_lies_there_and_how_to_go_on(train, monkeypatch):
    monkeypatch.setattr("sys.argv", ["ganzoo", "train", "x", "--seeds", "2"])
    train(*SHORT, "--seeds", "2", "--out", "both")
    data = json.loads(Path("both/seeds.json").read_text())
    assert data == {"ganzoo_seeds": 1, "seeds": [0, 1], "command": "ganzoo train x --seeds 2"}
    assert read_seeds(Path("both")) == Seeds(1, (0, 1), "ganzoo train x --seeds 2")


def test_the_folder_is_named_like_a_runs(train):
    assert train(*SHORT, "--seeds", "1")[0] == 0
    assert seeds_of("runs/tiny-tiny-ring") == [0]


def test_the_same_command_again_trains_nothing(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    before = stamps(Path("both"))
    code, out, _ = train(*SHORT, "--seeds", "2", "--out", "both")
    assert code == 0
    assert stamps(Path("both")) == before
    assert out.splitlines() == [
        f"both/seed-{seed} is finished (128 images): both/seed-{seed}/export" for seed in (0, 1)
    ]


def test_more_seeds_are_added_to_those_that_are_there(train):
    train(*SHORT, "--seeds", "1", "--out", "some")
    before = stamps(Path("some"))
    assert train(*SHORT, "--seed", "5", "--seeds", "2", "--out", "some")[0] == 0
    assert seeds_of("some") == [0, 5, 6]
    assert train(*SHORT, "--seeds", "2", "--out", "some")[0] == 0
    assert seeds_of("some") == [0, 1, 5, 6]
    now = stamps(Path("some"))
    assert {path: now[path] for path in before} == before


def test_more_images_lead_every_seed_on(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    assert train(*PARTS, "--images", "256", "--quiet", "--seeds", "2", "--out", "both")[0] == 0
    for seed in (0, 1):
        assert ganzoo.card(f"./both/seed-{seed}").config.recipe.images == 256


def test_a_dry_run_of_several_seeds_writes_nothing(train, tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.engine.run.estimate.SECONDS", 0.05)
    assert train(*PARTS, "--images", "1000", "--seeds", "3", "--dry-run")[0] == 0
    assert not list(tmp_path.iterdir())


def interrupting(zoo, at: int) -> list[str]:
    """Send Ctrl-C when the training number `at` begins: the runs that began."""
    begun: list[str] = []

    def ganzoo_training_started(run):
        begun.append(run.folder.name)
        if len(begun) == at:
            os.kill(os.getpid(), signal.SIGINT)

    module = ModuleType("listener")
    module.ganzoo_training_started = hookimpl(ganzoo_training_started)
    zoo.manager.pluggy.register(module, name="listener")
    return begun


@pytest.mark.parametrize("at", [1, 2])
def test_an_interruption_stops_and_the_same_command_goes_on(train, zoo, at):
    begun = interrupting(zoo, at)
    words = [*PARTS, "--images", "640", "--quiet", "--seeds", "3", "--out", "all"]
    code, _, said = train(*words)
    assert code == 130
    assert "saved; the same command resumes from here" in said
    assert begun == [f"seed-{seed}" for seed in range(at)]
    assert seeds_of("all") == [0, 1, 2]
    assert train(*words)[0] == 0
    assert begun[at:] == [f"seed-{seed}" for seed in range(at - 1, 3)]
    file = Path("export/model.safetensors")
    train(*PARTS, "--images", "640", "--quiet", "--seeds", "3", "--out", "whole")
    for seed in range(3):
        one, two = (Path(f"{place}/seed-{seed}") / file for place in ("all", "whole"))
        assert one.read_bytes() == two.read_bytes()


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--set", "bacth=3"], 1, "unknown key 'bacth'; did you mean 'batch'"),
        (["--set", "data.arguments.length=0"], 1, "no samples"),
        (["--set", "generator.arguments.sample_shape=[3]"], 1, "samples differ in shape"),
        (["--set", "optimizers.generator.name=addam"], 1, "no optimizer 'addam'"),
        (["--out", "/proc/run"], 1, "/proc/run cannot be written"),
        (["--out", "a/b/c", "--set", "data.arguments.length=0"], 1, "no samples"),
        (["--seeds", "0"], 2, "0 is not in the range"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(train, tmp_path, words, code, text):
    ended, out, said = train(*SHORT, "--seeds", "2", *words)
    assert (ended, out) == (code, "")
    assert text in said
    assert "defect" not in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_there_stays(train):
    Path("mine").mkdir()
    train(*SHORT, "--seeds", "2", "--out", "mine", "--set", "data.arguments.length=0")
    assert not list(Path("mine").iterdir())


def test_seeds_that_are_refused_leave_the_list_as_it_was(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    before = (stamps(Path("both")), Path("both/seeds.json").read_text())
    words = ["--seed", "5", "--seeds", "1", "--out", "both", "--micro-batch", "48"]
    code, _, said = train(*SHORT, *words)
    assert code == 1
    assert "micro-batches of 48" in said
    assert (stamps(Path("both")), Path("both/seeds.json").read_text()) == before


def test_seeds_of_another_recipe_do_not_come_beside_these(train):
    train(*SHORT, "--seeds", "1", "--out", "both")
    text = Path("both/seeds.json").read_text()
    code, _, said = train(*SHORT, "--seed", "5", "--seeds", "1", "--out", "both", "--batch", "32")
    assert code == 1
    assert "both/seed-0 holds a run of another recipe: recipe.batch is 64 there, 32 was re" in said
    assert Path("both/seeds.json").read_text() == text
    assert not Path("both/seed-5").exists()


def test_a_run_does_not_become_several(train):
    train(*SHORT, "--out", "run")
    before = stamps(Path("run"))
    code, _, said = train(*SHORT, "--seeds", "2", "--out", "run")
    assert code == 2
    assert "run holds a run of one seed; give another --out for several seeds" in said
    assert stamps(Path("run")) == before
    assert not Path("run/seeds.json").exists()


def test_a_folder_of_something_else_is_refused(train):
    Path("photos").mkdir()
    Path("photos/one.png").touch()
    code, _, said = train(*SHORT, "--seeds", "2", "--out", "photos")
    assert code == 1
    assert "photos is not empty and contains no run; give another --out" in said
    assert [path.name for path in Path("photos").iterdir()] == ["one.png"]


def test_several_do_not_become_a_run(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    before = stamps(Path("both"))
    code, _, said = train(*SHORT, "--out", "both")
    assert code == 2
    assert "both holds a training of several seeds; give --seeds, or another --out" in said
    assert stamps(Path("both")) == before


def test_a_folder_of_seeds_is_no_model_and_names_its_runs(train):
    train(*SHORT, "--seeds", "2", "--out", "both")
    with pytest.raises(
        CardError, match="both holds 2 training seeds; name one of both/seed-0, both/seed-1"
    ):
        ganzoo.load("./both")
    code, _, said = train("./both", "--out", "other", "--quiet")
    assert code == 1
    assert "name one of both/seed-0, both/seed-1" in said
    assert ganzoo.load("./both/seed-1").sample(2, seed=0).shape == (2, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"ganzoo_seeds": 2, "new": 1}', "ganzoo_seeds 2, this ganzoo reads 1; upgrade"),
        ('{"ganzoo_seeds": 1, "seeds": [], "command": ""}', "one or more numbers from 0"),
        ('{"ganzoo_seeds": 1, "seeds": [0, -1], "command": ""}', "one or more numbers from 0"),
        ('{"ganzoo_seeds": 1, "seed": [0], "command": ""}', "'seed'; did you mean 'seeds'"),
        ("{", "not valid JSON"),
    ],
)
def test_a_list_that_is_none_is_told(tmp_path, text, said):
    (tmp_path / "seeds.json").write_text(text)
    with pytest.raises(ConfigError, match=rf"seeds\.json: .*{said}"):
        read_seeds(tmp_path)
    assert read_seeds(tmp_path / "nowhere") is None
