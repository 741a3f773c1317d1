"""`ganzoo eval`: what it measures, what it writes, and what it refuses in a line.

There is no data set here and no network: figures are against the package's statistics, or
mnist-mini.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

import commands
from ganzoo.measure.real_statistics import keep
from ganzoo.measure.references import read_reference
from measuring import digits, measuring_plugin, mini_reference, same, write_digits

VANILLA = ("vanilla-mnist", "-n", "200", "--repeats", "1")


@pytest.fixture
def run(cache, tmp_path, monkeypatch, capsys):
    """Run `ganzoo eval ...` in an empty folder: (exit code, output, error)."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def evaluate(*words: str) -> tuple[int, str, str]:
        return commands.ganzoo("eval", *words), *capsys.readouterr()

    return evaluate


@pytest.fixture
def folder(run) -> str:
    """A folder of 200 real digits."""
    return f"{write_digits(Path('digits'), digits('test')[:200])}/"


@pytest.fixture
def measured(cache) -> None:
    """mnist-mini was measured before."""
    keep(mini_reference())


def rows(out: str) -> dict[str, list[str]]:
    """The lines of the table: figure to its columns."""
    lines = out.split("\n\n")[1].splitlines()
    return {cells[0]: cells[1:] for cells in (re.split(r"\s{2,}", line) for line in lines)}


# --- What it measures -------------------------------------------------------------------------


def test_a_published_model_is_measured_without_its_data_set(run, cache):
    code, out, said = run(*VANILLA)
    assert (code, said) == (0, "")
    assert out.startswith(
        "vanilla-mnist: 64 features of cnn-mnist, against 10,000 test samples of mnist; n = 200, "
        "sampling seed 0\n"
    )
    table = rows(out)
    assert table["FIGURE"] == ["VALUE", "SPREAD", "BEST"]
    assert 1 < float(table["FD (cnn-mnist)"][0]) < 100
    assert float(table["precision"][0]) <= 1
    assert "memorisation ratio" not in table
    assert "the anchors were not measured at 200 samples, and need the data set" in out
    assert "they need mnist itself, not its statistics alone" in out
    assert not (cache / "references").exists()


def test_the_packages_floors_stand_beside_it_at_the_checks_number(run):
    code, out, _ = run("vanilla-mnist", "-n", "1000", "--repeats", "1")
    assert code == 0
    table = rows(out)
    assert table["FIGURE"][2:] == ["BEST", "REAL", "GAUSSIAN", "MEAN IMAGE", "NOISE"]
    value, best, real, gaussian, _, noise = table["FD (cnn-mnist)"]
    assert best == "real"
    assert float(real) < float(value) < float(noise)
    assert float(real) < float(gaussian)


def test_a_seed_is_another_draw_and_the_same_seed_the_same(run):
    def figures(*words: str) -> dict:
        return json.loads(run(*VANILLA, *words, "--json")[1])["figures"]

    assert figures() == figures("--seed", "0")
    assert figures("--seed", "1") != figures()


def test_json_is_all_of_it(run):
    code, out, said = run("vanilla-mnist", "-n", "100", "--repeats", "2", "--seed", "5", "--json")
    assert (code, said) == (0, "")
    data = json.loads(out)
    assert (data["n"], data["seeds"], data["data"]) == (100, [5, 6], "mnist")
    fd = data["figures"]["fd"]
    assert len(fd["values"]) == 2
    assert fd["name"] == "FD (cnn-mnist)"
    assert fd["value"] == pytest.approx(sum(fd["values"]) / 2)


def test_a_folder_of_images_is_measured_against_a_data_set(run, folder):
    code, out, _ = run(folder, "--data", "mnist-mini", "--json")
    assert code == 0
    data = json.loads(out)
    assert (data["source"], data["n"], data["seeds"]) == ("digits", 200, [])
    figures = {key: found["value"] for key, found in data["figures"].items()}
    assert figures["fd"] < data["figures"]["fd"]["anchors"]["Gaussian"] / 5
    assert figures["memorisation"] == pytest.approx(1, abs=0.1)
    assert figures["coverage"] > 0.3
    assert list(data["figures"]["fd"]["anchors"]) == ["real", "Gaussian", "mean image", "noise"]


def test_an_extractor_is_chosen_by_name(run):
    code, out, _ = run(*VANILLA, "--extractor", "ae-mnist")
    assert code == 0
    assert "FD (ae-mnist)" in rows(out)
    assert "ae-mnist knows no classes: no class KL and no confident share" in out


def test_a_folder_of_real_images_is_measured_at_the_others_size(run, folder, world, monkeypatch):
    """`--data folder:PATH` needs a size and channels, which those of the samples are."""
    world(measuring_plugin())
    write_digits(Path("real"), digits("train")[:150])
    code, out, said = run(folder, "--data", "folder:real", "--extractor", "ae-mnist", "-n", "70")
    assert (code, said) == (0, ""), said
    assert re.search(r"against 75 test samples of folder \([0-9a-f]{8}\); n = 70", out)
    assert "folder has no test split: real samples are a random half of it" in out


def test_statistics_are_written_and_measured_against_again(run, folder, measured):
    one = run(folder, "--data", "mnist-mini", "--save-reference", "kept/real.safetensors", "--json")
    saved = read_reference(Path("kept/real.safetensors"))
    assert same(saved, mini_reference().with_anchors(200, saved.anchors(200)))
    two = run(folder, "--reference", "kept/real.safetensors", "--json")
    assert one[0] == two[0] == 0
    first, second = (json.loads(out) for _, out, _ in (one, two))
    assert first["figures"] == second["figures"]
    assert first["protocol"] == second["protocol"]


def test_threads_are_as_asked(run, monkeypatch):
    asked = []
    monkeypatch.setattr("torch.set_num_threads", asked.append)
    assert run(*VANILLA, "--threads", "2")[0] == 0
    assert asked == [2]


def test_what_happens_is_shown_where_somebody_looks():
    from ganzoo.cli.eval import telling

    with telling(quiet=True) as tell:
        tell("nobody sees it")
    with telling(quiet=False) as tell:  # no terminal here
        tell("nor this")


def test_on_a_terminal_a_line_says_what_happens(monkeypatch):
    from rich.console import Console

    from ganzoo.cli.eval import telling

    said = []

    class Status:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, text):
            said.append(text)

    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setattr(Console, "status", lambda self, text: said.append(text) or Status())
    with telling(quiet=False) as tell:
        tell("real samples of mnist")
    assert said == ["reading", "real samples of mnist"]


# --- What it refuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "Missing argument 'WHAT'"),
        (["vanila-mnist"], 2, "there is no model 'vanila-mnist'; did you mean 'vanilla-mnist'"),
        (["./nowhere"], 1, "there is no folder 'nowhere'"),
        (["~nobody-of-this-name/x"], 1, "Could not determine home directory"),
        (["digits/"], 2, "digits/: pass --data to name the real images to compare with"),
        (["digits"], 2, "there is no model 'digits'"),
        (["./empty", "--data", "mnist-mini"], 1, "empty contains no images"),
        ([*VANILLA, "--extractor", "cnn-mnits"], 2, "no extractor 'cnn-mnits'; did you mean 'cnn"),
        ([*VANILLA, "--extractor", "cnn-mnist:x"], 2, "'cnn-mnist' takes no model, found 'cnn-"),
        ([*VANILLA, "--extractor", "timm"], 2, "name a model, such as timm:resnet18"),
        ([*VANILLA, "--extractor-weights", "x.pth"], 2, "'cnn-mnist' takes no weights file"),
        ([*VANILLA, "--extractor", "timm:resnet18", "--extractor-weights", "x.pth"], 1,
         "x.pth is missing"),
        ([*VANILLA, "--data", "mnits"], 2, "there is no dataset 'mnits'; did you mean 'mnist'"),
        ([*VANILLA, "--data", "mnits", "--extractor", "cnn-mnist"], 2, "no dataset 'mnits"),
        ([*VANILLA, "--data", "ring"], 2, "no extractor is made for 'ganzoo/ring'"),
        ([*VANILLA, "--data", "ring", "--extractor", "cnn-mnist"], 1,
         "test samples of ganzoo/ring: samples of shape [2], and cnn-mnist takes [1, 28, 28]"),
        ([*VANILLA, "--data", "folder:"], 2, "--data folder: needs a path"),
        ([*VANILLA, "--data", "folder:empty", "--extractor", "ae-mnist"], 1, "contains no images"),
        (["vanilla-mnist", "-n", "1"], 2, "1 is not in the range"),
        (["vanilla-mnist", "-n", "64"], 1, "64 samples are too few for 64 features of cnn-mnist"),
        (["digits/", "--data", "mnist-mini", "-n", "3000"], 1,
         "digits contains 200 images, 3,000 were requested"),
        (["digits/", "--data", "mnist-mini", "-n", "3000", "--reference", "x"], 1,
         "x: there is no such file; --save-reference writes one"),
        ([*VANILLA, "--repeats", "0"], 2, "0 is not in the range"),
        ([*VANILLA, "--seed", "-1"], 2, "-1 is not in the range"),
        ([*VANILLA, "--device", "quantum"], 2, "device 'quantum' cannot be used here"),
        ([*VANILLA, "--reference", "digits/00000.png"], 1, "is not a complete safetensors file"),
        ([*VANILLA, "--save-reference", "digits/00000.png/x"], 1, "00000.png/x cannot be written"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_one_line(run, folder, words, code, text):
    Path("empty").mkdir()
    ended, out, said = run(*words)
    assert (ended, out) == (code, ""), said
    assert text in said
    assert "defect" not in said
    assert len(said.splitlines()) == 1


def test_a_reference_of_another_extractor_is_refused_by_name(run, tmp_path):
    mini_reference().save(tmp_path / "real.safetensors", light=True)
    words = (*VANILLA, "--reference", tmp_path / "real.safetensors")
    assert run(*words)[0] == 0
    code, _, said = run(*words, "--extractor", "ae-mnist")
    assert code == 1
    assert "real.safetensors: measured by cnn-mnist, and samples by ae-mnist" in said
    code, _, said = run(*words, "--data", "mnist-mini")
    assert code == 2
    assert "--reference replaces --data; leave one of them out" in said


def test_too_few_samples_are_refused_before_real_ones_are_measured(run, monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("real samples were measured for nothing")

    monkeypatch.setattr("ganzoo.measure.methods.reference_for", never)
    assert run("vanilla-mnist", "-n", "10")[0] == 1


# --- A folder of training seeds ---------------------------------------------------------------


@pytest.fixture
def seeds(run, measured) -> str:
    """Two seeds of a small generator of digits, hardly trained."""
    shape = "arguments.sample_shape=[1, 28, 28]"
    words = ["--generator", "vanilla", "--discriminator", "vanilla", "--loss", "minimax"]
    sizes = ["--set", f"generator.{shape}", "--set", f"discriminator.{shape}"]
    small = ["--images", 128, "--seeds", 2, "--out", "both", "--quiet"]
    assert commands.ganzoo("train", *words, "--data", "mnist-mini", *sizes, *small) == 0
    return "both"


def test_a_folder_of_seeds_is_measured_seed_by_seed(run, seeds, capsys):
    capsys.readouterr()
    code, out, _ = run(f"{seeds}/", "-n", "100", "--repeats", "1", "--json")
    assert code == 0
    data = json.loads(out)
    each = [report["figures"]["fd"]["value"] for report in data["reports"]]
    assert data["seeds"] == [0, 1]
    assert data["figures"]["fd"]["values"] == each
    assert data["figures"]["fd"]["value"] == pytest.approx(sum(each) / 2)
    assert each[0] != each[1]
    code, out, _ = run("./both", "-n", "100", "--repeats", "1")
    assert code == 0
    assert rows(out)["FIGURE"] == ["MEAN", "SPREAD", "SEED 0", "SEED 1", "REAL"]
    code, _, said = run("both", "-n", "100")  # text without a separator is a name, always
    assert code == 2
    assert "there is no model 'both'" in said


def test_weights_do_not_depend_on_what_was_drawn_before(run):
    torch.rand(3)
    one = run(*VANILLA, "--json")[1]
    torch.rand(5)
    assert json.loads(one)["figures"] == json.loads(run(*VANILLA, "--json")[1])["figures"]
