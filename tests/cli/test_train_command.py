"""What `ganzoo train` makes of its command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import commands
from ganzoo import Tracker
from tiny import TinyRing, tiny_plugin

PARTS = ["--generator", "tiny", "--discriminator", "tiny", "--loss", "hinge", "--data", "tiny-ring"]
SHORT = ["--images", "128", "--quiet"]


@pytest.fixture
def train(world, tmp_path, monkeypatch, capsys):
    """Run `ganzoo train ...` in an empty folder: (exit code, standard error)."""
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        return commands.ganzoo("train", *words), capsys.readouterr().err

    return run


def exported(folder: str) -> dict:
    return json.loads((Path(folder) / "export" / "config.json").read_text())


def test_parts_train_into_a_folder_named_after_them(train):
    assert train(*PARTS, *SHORT)[0] == 0
    assert exported("runs/tiny-tiny-ring")["kind"] == "tiny-points"


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--seeds", "2"]])
def test_data_that_was_opened_to_fill_arguments_is_not_opened_again(train, monkeypatch, more):
    times, build = [], TinyRing.__init__
    monkeypatch.setattr(TinyRing, "__init__", lambda self: (times.append(1), build(self))[1])
    assert train(*PARTS, *SHORT, *more)[0] == 0
    assert len(times) == 1


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


def test_a_runs_folder_goes_on_there_and_a_changed_recipe_begins_elsewhere(train):
    train(*PARTS, *SHORT, "--out", "runs/mine")
    final = (Path("runs/mine/export") / "model.safetensors").read_bytes()
    shutil.rmtree("runs/mine/export")  # as if it had been stopped before its end
    assert train("runs/mine", "--quiet")[0] == 0
    assert (Path("runs/mine/export") / "model.safetensors").read_bytes() == final
    assert train("runs/mine/", "--quiet")[0] == 0  # which is finished
    assert [path.name for path in Path("runs").iterdir()] == ["mine"]
    assert train("runs/mine", "--batch", "32", "--quiet")[0] == 0
    assert len([*Path("runs").iterdir()]) == 2


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ({"recipe": [1]}, "mine.json: recipe: expected an object, found [1]"),
        ({"recipe": {"data": "mnist"}}, "recipe.data: expected an object, such as"),
        ({"name": "mine", "recipe": {}}, "the key 'generator' is missing"),
    ],
)
def test_a_recipe_file_that_is_none_is_told_in_a_line(train, recipe, text):
    Path("mine.json").write_text(json.dumps({"ganzoo_config": 1, **recipe}))
    code, said = train("mine.json", "--quiet")
    assert code == 1
    assert text in said
    assert "defect" not in said


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
        (["nowhere.json"], 1, "nowhere.json: there is no such file"),
        (["dcgan-mnits"], 2, "there is no model 'dcgan-mnits'; did you mean 'dcgan-mnist'"),
        ([*PARTS, "--set", "batch"], 2, "--set batch: write KEY.PATH=VALUE"),
        ([*PARTS, "--set", "bacth=3"], 1, "unknown key 'bacth'; did you mean 'batch'"),
        ([*PARTS, "--set", "genrator.name=x"], 1, "'genrator'; did you mean 'generator'"),
        ([*PARTS, "--set", "lr=0.1"], 1, "'lr'; did you mean 'optimizers.generator.lr'"),
        (
            [*PARTS, "--set", "generator.width=8"],
            1,
            "write 'generator.arguments.width' for an argument",
        ),
        ([*PARTS, "--set", "batch=many"], 1, "recipe.batch: expected a whole number, found 'many'"),
        ([*PARTS, "--set", "generator.arguments.widht=3"], 2, "did you mean 'width'"),
        ([*PARTS, "--data", "tiny-rign"], 2, "no dataset 'tiny-rign'; did you mean 'tiny-ring'"),
        ([*PARTS, "--images", "0"], 2, "0 is not in the range"),
        ([*PARTS, "--device", "quantum"], 2, "device 'quantum' cannot be used here"),
        ([*PARTS, "--set", "data.arguments.length=0"], 1, "no samples"),
        ([*PARTS, "--set", "data=mnist"], 1, "recipe.data: expected an object"),
        ([*PARTS, "--set", "data.arguments.length=1"], 1, "a single sample; a training needs two"),
        ([*PARTS, "--set", "data.arguments.length=40"], 1, "batch is 64, and the data set .* 40"),
        ([*PARTS, "--set", "optimizers.generator.name=addam"], 1, "no optimizer 'addam'; did you"),
        ([*PARTS, "--set", "generator.arguments.sample_shape=[3]"], 1, "samples differ in shape"),
        ([*PARTS, "--micro-batch", "48"], 1, "micro-batches of 48; give a divisor of 64"),
        ([*PARTS, "--track", "notebook"], 2, "there is no tracker 'notebook'"),
        ([*PARTS, "--data", "folder:"], 2, "--data folder: needs a path"),
        ([*PARTS, "--init", "dcgan-mnits"], 2, "there is no model 'dcgan-mnits'; did you mean"),
        ([*PARTS, "--out", "/proc/run"], 1, "/proc/run cannot be written"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_leaves_nothing(train, tmp_path, words, code, text):
    ended, said = train(*words)
    assert ended == code, said
    assert re.search(re.escape(text).replace(r"\ \.\*\ ", " .* "), said), said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


# --- What is derived from a model -------------------------------------------------------------


def test_sizes_that_nobody_gave_are_the_datas(train):
    words = [*PARTS, *SHORT, "--data", "mnist-mini", "--out", "one"]
    assert train(*words)[0] == 0
    found = exported("one")
    for player in ("generator", "discriminator"):
        assert found[player]["arguments"] == {"sample_shape": [1, 28, 28]}
    assert train(*words)[0] == 0  # finished, and known again


def test_a_model_is_trained_with_another_loss_and_says_so(train):
    settings = ["--set", "name=tiny-ring", "--set", "description=The old game"]
    assert train(*PARTS, *SHORT, *settings, "--set", "loss.arguments.r1_gamma=0.1",
                 "--out", "one")[0] == 0  # fmt: skip
    code, said = train("./one", "--loss", "non-saturating", "--quiet")
    assert code == 0
    assert said == (
        "loss non-saturating in place of hinge: r1_gamma left out; all else as in tiny-ring\n"
    )
    (folder,) = Path("runs").iterdir()
    assert folder.name == "tiny-ring-loss-non-saturating"
    found = exported(str(folder))
    assert (found["name"], found["recipe"]["loss"]["arguments"]) == (None, {})
    assert found["description"] == "tiny-ring with loss non-saturating"
    prose = (folder / "export" / "README.md").read_text()
    assert "tiny-ring with loss non-saturating" in prose
    assert "# tiny-ring\n" not in prose
    assert "The old game" not in prose


def test_other_seeds_and_images_are_the_same_model(train):
    settings = ["--set", "name=tiny-ring", "--set", "description=The old game"]
    train(*PARTS, *SHORT, *settings, "--out", "one")
    code, said = train("./one", "--seed", "3", "--images", "192", "--out", "two", "--quiet")
    assert (code, said) == (0, "")
    found = exported("two")
    assert (found["name"], found["description"]) == ("tiny-ring", "The old game; 192 images")


def test_a_folder_in_the_place_of_a_data_set_is_told(train):
    Path("my pics").mkdir()
    code, said = train(*PARTS[:-1], "my pics/")
    assert code == 2
    assert "there is no data set 'my pics/', but a folder; pass --data 'folder:my pics/'" in said


# --- A dry run --------------------------------------------------------------------------------


@pytest.fixture
def quick_rehearsal(monkeypatch):
    monkeypatch.setattr("ganzoo.engine.run.estimate.SECONDS", 0.05)


def test_a_dry_run_says_what_it_takes_and_writes_nothing(world, tmp_path, monkeypatch, capsys,
                                                         quick_rehearsal):  # fmt: skip
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)
    assert commands.ganzoo("train", *PARTS, "--images", 100_000, "--dry-run") == 0
    said = capsys.readouterr().out
    assert '"half_life": 10000.0' in said
    assert re.search(r"^parameters  226 \(generator\) \+ 129 \(discriminator\)$", said, re.M)
    assert re.search(r"^memory      [\d,]+ MB at most$", said, re.M)
    assert re.search(r"^pace        [\d,]+ images/s, from \d+ steps just now$", said, re.M)
    assert re.search(r"^time        about .* for 100,000 images", said, re.M)
    assert not list(tmp_path.iterdir())


def test_a_dry_runs_estimate_is_images_over_pace(world, tmp_path, monkeypatch, capsys,
                                                 quick_rehearsal):  # fmt: skip
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)
    assert commands.ganzoo("train", *PARTS, "--images", 10**8, "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    figures = found["rehearsal"]
    assert found["recipe"]["images"] == 100_000_000
    assert figures["seconds"] == pytest.approx(1e8 / figures["images_per_second"], rel=0.02)
    assert figures["checkpoint_bytes"] > 4 * 3 * (226 + 129)


MOVING = 'schedules.optimizers.generator.lr={"name": "linear", "arguments": {"to": 0.0}}'


def test_a_dry_run_in_micro_batches_times_one_of_them(
    world, tmp_path, monkeypatch, capsys, quick_rehearsal
):
    """And a slow one ends when patience does."""
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganzoo.engine.run.estimate.PATIENCE", 0.0)
    words = ["train", *PARTS, "--micro-batch", 4, "--dry-run", "--json"]
    assert commands.ganzoo(*words) == 0
    rehearsal = json.loads(capsys.readouterr().out)["rehearsal"]
    assert rehearsal["steps"] == 1
    assert rehearsal["images_per_second"] > 0


def test_a_dry_run_shows_how_numbers_move(world, tmp_path, monkeypatch, capsys, quick_rehearsal):
    world(tiny_plugin())
    monkeypatch.chdir(tmp_path)
    words = ["train", *PARTS, "--images", "100000", "--dry-run", "--set", MOVING]
    for more in ([], ["--json"]):
        assert commands.ganzoo(*words, *more) == 0
    table, _, figures = capsys.readouterr().out.partition("end\n")
    assert re.search(r"^moving +start +25% +50% +75% +$", table, re.M)
    row, _, figures = figures.partition("\n")
    assert row.split() == ["optimizers.generator.lr", "0.0002", "0.00015", "0.0001", "5e-05", "0"]
    moving = json.loads(figures)["rehearsal"]["moving"]
    assert moving == {"optimizers.generator.lr": pytest.approx([2e-4, 1.5e-4, 1e-4, 5e-5, 0.0])}


def test_a_dry_run_refuses_what_the_run_would(train, quick_rehearsal):
    train(*PARTS, *SHORT, "--out", "one")
    code, said = train(*PARTS, *SHORT, "--out", "one", "--batch", "32", "--dry-run")
    assert code == 1
    assert "recipe.batch is 64 there, 32 was requested" in said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.4, "3 s"), (95, "1 min 35 s"), (3600, "1 h 0 min"), (93_784, "26 h 3 min")],
)
def test_durations_are_said_in_two_units(seconds, text):
    from ganzoo.cli.train import duration

    assert duration(seconds) == text


# --- Starts, trackers, films ------------------------------------------------------------------


def test_init_alone_goes_on_with_the_models_own_recipe(train):
    train(*PARTS, *SHORT, "--out", "one")
    assert train("--init", "./one", "--images", "256", "--out", "two", "--quiet")[0] == 0
    found = exported("two")
    assert found["recipe"]["loss"]["name"] == "ganzoo/hinge"
    assert found["recipe"]["start"]["model"].endswith("one/export")


def test_the_samples_of_a_run_become_a_film(train):
    shape = "arguments.sample_shape=[1, 28, 28]"
    images = ["--set", f"generator.{shape}", "--set", f"discriminator.{shape}"]
    often = ["--images", "1280", "--grid-every", "64", "--quiet"]
    train(*PARTS, "--data", "mnist-mini", *images, *often, "--out", "one")
    grids = sorted(path.name for path in Path("one/samples").glob("*.png"))
    assert len(grids) == 20
    assert Path("one/samples/film.webp").is_file()


def test_a_tracker_hears_of_a_training(world, tmp_path, monkeypatch, capsys):
    heard = []

    class Diary(Tracker):
        def start(self, run):
            heard.append(("start", run.images_seen))

        def log(self, images_seen, values):
            heard.append(("log", images_seen, "generator" in values))

        def sample(self, images_seen, path):
            heard.append(("sample", images_seen, path.suffix))

        def end(self, outcome):
            heard.append(("end", outcome))

    monkeypatch.setattr("tiny.Diary", Diary, raising=False)
    world(tiny_plugin(ganzoo_trackers={"diary": "tiny:Diary"}))
    monkeypatch.chdir(tmp_path)
    often = ["--log-every", 128, "--grid-every", 128]
    assert commands.ganzoo("train", *PARTS, *SHORT, "--track", "diary", *often) == 0
    assert heard == [
        ("start", 0),
        ("log", 128, True),
        ("sample", 128, ".txt"),
        ("end", "finished"),
    ]


def test_a_tracker_that_raises_is_dropped_and_the_training_goes_on(
    world, tmp_path, monkeypatch, caplog
):
    class Broken(Tracker):
        told = 0

        def start(self, run):
            """Begin well."""

        def log(self, images_seen, values):
            Broken.told += 1
            raise OSError("the server is gone")

        def sample(self, images_seen, path):
            """Nothing."""

        def end(self, outcome):
            raise AssertionError("it was dropped")

    monkeypatch.setattr("tiny.Broken", Broken, raising=False)
    world(tiny_plugin(ganzoo_trackers={"broken": "tiny:Broken"}))
    monkeypatch.chdir(tmp_path)
    small = ["--images", 640, "--quiet", "--log-every", 64]
    assert commands.ganzoo("train", *PARTS, *small, "--track", "broken") == 0
    assert Broken.told == 1
    warning = "tracker broken: OSError: the server is gone; the training continues without it"
    assert caplog.text.count(warning) == 1
    assert (tmp_path / "runs/tiny-tiny-ring/export/config.json").is_file()


def test_data_of_a_plugin_names_a_model_that_learns_from_such_data(tmp_path, capsys):
    pytest.importorskip("ganzoo_text", reason="ganzoo-text is not installed")
    (tmp_path / "names.txt").write_text("anna\nberta\n")
    code = commands.ganzoo("train", "--data", f"text:{tmp_path / 'names.txt'}")
    error = capsys.readouterr().err
    assert code == 2 and error.count("\n") == 1
    assert "such data is trained with `ganzoo train gumbel-surnames --data text:" in error
