"""`ganzoo train --data folder:photos/` with nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

import commands
import ganzoo
from ganzoo.own_pictures import batch_for, model_like, own_pictures, run_name
from ganzoo.plugins.distributions import installed_sources
from ganzoo.specs import Part
from image_files import noise, write_pictures
from tiny import make_plugin

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of twelve colour pictures in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganzoo.engine.run.estimate.SECONDS", 0.05)
    return write_pictures(tmp_path / "My Photos", 12, (20, 30))


@pytest.fixture
def train(capsys):
    """Run `ganzoo train ...`: its exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        code = commands.ganzoo("train", *words)
        return code, *capsys.readouterr()

    return run


def test_a_folder_alone_gives_a_colour_model_and_says_what_was_decided(photos, train):
    code, out, err = train("--data", f"folder:{photos}", "--dry-run", "--json")
    recipe = json.loads(out)["recipe"]
    assert code == 0
    assert recipe["data"]["arguments"] == {"channels": 3, "path": str(photos), "size": 64}
    assert {*recipe["augmentation"]} == {"ganzoo/diffaugment", "ganzoo/flip"}
    assert (recipe["batch"], recipe["images"]) == (8, 300_000)
    rows = dict(line.split(maxsplit=1) for line in err.splitlines()[:8])
    assert rows["size"].startswith("64, 3 channels")
    assert "--set augmentation.flip=false" in rows["mirrored"]
    assert rows["images"].startswith("300,000")


def test_a_zips_run_is_not_named_after_its_ending():
    data = {"arguments": {"path": "/home/me/My Photos.zip"}}
    raw = {"generator": {"name": "dcgan"}, "recipe": {"data": data}}
    assert run_name(raw) == "dcgan-my-photos"


def test_what_is_given_beside_it_wins(photos, train):
    words = ("--set", "augmentation.flip=false", "--set", "data.arguments.size=32", "--batch", 4)
    code, out, err = train("--data", f"folder:{photos}", "--dry-run", *words)
    assert code == 0 and "runs/dcgan-my-photos (nothing was written)" in out
    assert '"ganzoo/flip"' not in out and '"size": 32' in out and '"batch": 4' in out
    rows = dict(line.split(maxsplit=1) for line in err.splitlines()[:8])
    assert rows["mirrored"].startswith("no") and rows["size"].startswith("32, 3 channels")


def test_alpha_that_is_kept_is_a_fourth_channel(photos, train):
    words = ("--set", "data.arguments.background=keep", "--dry-run")
    code, out, err = train("--data", f"folder:{photos}", *words)
    assert code == 0 and "64, 4 channels" in err and out.count('"channels": 4') == 3


def test_it_trains_from_python_and_by_the_same_command(photos, train):
    options = {"set": {"data.arguments.size": 32}, "images": 16, "quiet": True}
    run = ganzoo.train(data=f"folder:{photos}", out="run", **options)
    assert run.config.generator.arguments["channels"] == 3
    words = ("--set", "data.arguments.size=32", "--images", 16, "--out", "run")
    code, out, _ = train("--data", f"folder:{photos}", *words)
    assert code == 0 and "is finished (16 images)" in out


def test_many_pictures_are_not_augmented(photos, monkeypatch):
    monkeypatch.setattr("ganzoo.own_pictures.pictures_in", lambda folder: 2_000)
    recipe = own_pictures(ganzoo.cards.catalogue().registry, str(photos))["recipe"]
    assert (recipe["augmentation"], recipe["images"]) == ({"flip": True}, 1_000_000)
    assert recipe["schedules"]["optimizers.generator.lr"]["arguments"]["images"] == 1_000_000


def test_few_pictures_begin_with_a_model_of_the_zoo_that_has_their_networks(
    photos, train, world, tmp_path
):
    words = ("--data", f"folder:{photos}", "--set", "data.arguments.size=32", "--images", 16)
    assert train(*words, "--out", "untrained")[0] == 0
    shutil.copytree("untrained/export", tmp_path / "zoo" / "dcgan-portraits")
    dcgan = next(one for one in installed_sources() if one.distribution == "ganzoo-dcgan")
    world(dcgan, make_plugin("faces", ganzoo_cards=[str(tmp_path / "zoo")]))

    code, _, err = train(*words, "--out", "begun")
    rows = dict(line.split("  ", 1) for line in err.splitlines()[:9])
    assert code == 0 and rows["begins with"].split()[0] == "dcgan-portraits"
    start = ganzoo.runs("begun")[0].config.recipe.start
    assert start is not None and start.model == "dcgan-portraits"
    code, out, _ = train(*words, "--out", "untrained")  # a run keeps what it began with
    assert code == 0 and "is finished (16 images)" in out
    assert "begins with" not in train(*words, "--init", "none", "--dry-run")[2]


def test_networks_of_another_size_begin_untrained(photos):
    zoo = ganzoo.cards.catalogue()
    config = zoo.card("dcgan-mnist").require_config()
    assert model_like(zoo, config) == "dcgan-mnist"
    wider = replace(config, generator=Part(config.generator.name, {"size": 64, "channels": 3}))
    assert model_like(zoo, wider) is None


@pytest.mark.parametrize(("count", "batch"), [(1, 2), (12, 8), (23, 8), (24, 16), (10**6, 16)])
def test_a_batch_leaves_room_for_broken_files(count, batch):
    assert batch_for(count) == batch


def test_a_model_of_grey_digits_says_that_pictures_become_grey(photos, train):
    words = ("--data", f"folder:{photos}", "--batch", 4, "--dry-run")
    code, _, err = train("--init", "dcgan-mnist", *words)
    assert code == 0
    assert "pictures are made 28x28 grey, as ganzoo-dcgan/dcgan takes them here; for colour" in err


def test_fewer_classes_than_the_networks_have_are_refused(photos, train):
    players = (f"{who}.arguments.num_classes=5" for who in ("generator", "discriminator"))
    settings = ("data.arguments.labels=true", *players)
    words = (word for setting in settings for word in ("--set", setting))
    code, _, err = train("--data", f"folder:{photos}", *words)
    assert code == 1
    assert "classes differ: the data set has 3, the generator 5, the discriminator 5;" in err


def test_classes_that_no_network_is_told_are_noted(photos, train):
    words = ("--set", "data.arguments.labels=true", "--set", "data.arguments.size=32", "--dry-run")
    code, _, err = train("--data", f"folder:{photos}", *words)
    assert code == 0 and "classes are read from the folder, and no network is told them" in err


def test_what_cannot_be_trained_says_why(photos, train, tiny_world):
    code, _, err = train("--data", f"folder:{photos}")
    assert (code, err.count("\n")) == (2, 1)
    assert "pictures are trained as dcgan unless --generator, --discriminator and --loss are" in err
    assert "there is no generator 'dcgan'" in err


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("folder:nowhere", "there is no folder "),
        ("My Photos", "pass --data 'folder:My Photos'"),
        ("nowhere/", "--data nowhere/: there is no such folder, and a folder is passed as"),
        ("folder:My Photos/a.png", "a.png is a file"),
    ],
)
def test_a_folder_that_is_none_is_told_in_a_line(photos, train, data, text):
    noise(0).save(photos / "a.png")
    code, _, err = train("--data", data)
    assert code and text in err and err.count("\n") == 1
