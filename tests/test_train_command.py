"""What `ganzoo train` makes of its command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo.cli import main
from tiny import tiny_plugin

PARTS = ["--generator", "tiny", "--discriminator", "tiny", "--loss", "hinge", "--data", "tiny-ring"]
SHORT = ["--images", "128", "--quiet"]


@pytest.fixture
def train(world, tmp_path, monkeypatch, capsys):
    """Run `ganzoo train ...` in an empty folder: (exit code, standard error)."""
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["train", *words])
        return ended.value.code or 0, capsys.readouterr().err

    return run


def exported(folder: str) -> dict:
    return json.loads((Path(folder) / "export" / "config.json").read_text())


def test_parts_train_into_a_folder_named_after_them(train):
    assert train(*PARTS, *SHORT)[0] == 0
    assert exported("runs/tiny-tiny-ring")["kind"] == "tiny-points"


def test_a_recipe_file_trains_into_a_folder_of_its_name(train):
    recipe = {
        "ganzoo_config": 1,
        "generator": {"name": "tiny"},
        "discriminator": {"name": "tiny"},
        "recipe": {"loss": {"name": "hinge"}, "data": {"name": "tiny-ring"}, "images": 128},
    }
    Path("mine.json").write_text(json.dumps(recipe))
    assert train("mine.json", "--quiet")[0] == 0
    assert exported("runs/mine")["recipe"]["images"] == 128


def test_settings_reach_the_recipe_and_the_parts(train):
    words = [
        "--set",
        "batch=32",
        "--set",
        "generator.arguments.width=8",
        "--set",
        "loss.name=hinge",
    ]
    assert train(*PARTS, *SHORT, *words, "--set", "optimizers.generator.lr=0.01")[0] == 0
    found = exported("runs/tiny-tiny-ring")
    assert found["recipe"]["batch"] == 32
    assert found["generator"]["arguments"] == {"width": 8}
    assert found["recipe"]["optimizers"]["generator"]["lr"] == 0.01


def test_a_run_is_trained_again_by_its_folder(train):
    train(*PARTS, *SHORT, "--out", "one")
    assert train("./one", "--out", "two", "--quiet")[0] == 0
    one, two = (Path(run) / "export" / "model.safetensors" for run in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "nothing to train: give a name, a RECIPE.json, or the parts"),
        (["--generator", "tiny"], 2, "--discriminator, --loss, --data not given"),
        (["x.json", "--loss", "hinge"], 2, "x.json brings its own parts; leave out --loss"),
        (["nowhere.json"], 1, "nowhere.json: there is no such file"),
        (["dcgan-mnits"], 2, "there is no model 'dcgan-mnits'; did you mean 'dcgan-mnist'"),
        ([*PARTS, "--set", "batch"], 2, "--set batch: write KEY.PATH=VALUE"),
        ([*PARTS, "--set", "bacth=3"], 1, "unknown key 'bacth'; did you mean 'batch'"),
        ([*PARTS, "--set", "batch=many"], 1, "recipe.batch: expected a whole number, found 'many'"),
        ([*PARTS, "--set", "generator.arguments.widht=3"], 2, "did you mean 'width'"),
        ([*PARTS, "--data", "tiny-rign"], 2, "no dataset 'tiny-rign'; did you mean 'tiny-ring'"),
        ([*PARTS, "--images", "0"], 2, "0 is not in the range"),
        ([*PARTS, "--device", "quantum"], 2, "device 'quantum' cannot be used here"),
        ([*PARTS, "--set", "data.arguments.length=0"], 1, "no samples"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_leaves_nothing(train, tmp_path, words, code, text):
    ended, said = train(*words)
    assert ended == code, said
    assert text in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())
