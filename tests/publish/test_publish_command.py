"""`ganzoo publish` as a shell runs it: what it prints, what it asks, how it refuses."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import commands
from ganzoo.cards import Catalogue, using
from ganzoo.measure.evaluate import Evaluation
from ganzoo.measure.figures import BY_KEY
from ganzoo.measure.measurement import Measurement
from ganzoo.measure.training_seeds import SeedEvaluations
from ganzoo.plugins import PluginManager
from ganzoo.specs import read_config
from short_runs import config, play
from tiny import tiny_plugin

LICENCES = [f"--license={which}=CC0-1.0" for which in ("code", "weights", "data")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on the core's ring."""
    folder = tmp_path_factory.mktemp("runs") / "ring"
    with using(Catalogue(PluginManager([tiny_plugin()]))):
        play(config(data="ring", kind="points"), folder)
    return folder


@pytest.fixture
def run(trained, tiny_world, tmp_path, monkeypatch, capsys):
    """Run `ganzoo publish RUN ...` in an empty folder: (exit code, output, error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prose.md").write_text("---\nlicense: mit\n---\n# Ring\n\nFor tests.\n")

    def publish(*words: str, what: str = f"{trained}/") -> tuple[int, str, str]:
        return commands.ganzoo("publish", what, *words), *capsys.readouterr()

    return publish


WHOLE = ("--name", "tiny-ring", "--description", "A ring", "--prose", "prose.md", *LICENCES)


def test_it_says_what_was_measured_and_where_the_model_is(run):
    code, out, err = run(*WHOLE, "--to", "model", "-n", "50", "--repeats", "1")
    assert (code, err) == (0, "")
    files = 5 + (find_spec("matplotlib") is not None)  # curves of the training
    assert out.splitlines() == [
        "modes were counted, as no extractor is made for ring; so the card has no checks",
        f"tiny-ring, training seed 0: model ({files} files)",
    ]
    config, _ = read_config(Path("model/config.json"))
    assert (config.description, config.licenses.data, config.metrics[0].n) == (
        "A ring",
        "CC0-1.0",
        50,
    )
    text = Path("model/README.md").read_text()
    assert "\n---\n\n# Ring\n\nFor tests.\n\n## " in text and "license: mit" not in text
    assert "\n\n## Figures\n" in text


def test_eval_counts_the_modes_of_points(run, trained, tmp_path, capsys):
    def evaluated(*words: str) -> str:
        assert commands.ganzoo("eval", f"{trained}/", "-n", 50, "--repeats", 1, *words) == 0
        return capsys.readouterr().out

    lines = evaluated().splitlines()
    assert lines[0].endswith("/: against the 8 modes of ring, sigma 0.01; n = 50, sampling seed 0")
    assert re.split(r"\s{2,}", lines[2]) == ["FIGURE", "VALUE", "SPREAD", "REAL"]
    assert lines[3].startswith("high quality ") and len(lines) >= 5
    found = json.loads(evaluated("--json", "--data", "grid"))
    assert "modes of grid" in found["protocol"] and "seeds" not in found
    assert len(found["figures"]["high_quality"]["values"]) == 1


def evaluation(figures: dict[str, Measurement]) -> Evaluation:
    """An evaluation of points, of which only the figures matter."""
    fields = dict.fromkeys(Evaluation.__dataclass_fields__, "")
    return Evaluation(**{**fields, "figures": figures, "notes": (), "protocol": "against a ring"})


def test_a_figure_that_some_seeds_lack_is_none_and_said():
    """Two figures do not exist where no point is near a mode."""
    keys = ("high_quality", "modes")
    one = {key: Measurement(BY_KEY[key], (0.5, 0.7), {"real": 0.9}) for key in keys}
    other = {**one, "reverse_kl": Measurement(BY_KEY["reverse_kl"], (0.1, 0.3))}
    found = SeedEvaluations("runs/ring", {0: evaluation(one), 1: evaluation(other)})
    text = str(found)
    assert ["reverse KL", "0.200", "none", "0.200"] in [
        re.split(r" {2,}", x) for x in text.splitlines()
    ]
    assert "no sample lies near a mode where there is no reverse KL and no spread" in text
    assert text.endswith("the median by high quality is seed 1")
    figures = SeedEvaluations("x", {None: evaluation(other)}).record()["figures"]
    assert figures["reverse_kl"]["spread"] == pytest.approx(0.2 / 2**0.5)
    assert figures["spread_ratio"]["value"] is None


def test_all_that_is_missing_is_one_line(run, tmp_path):
    code, out, err = run("--name", "tiny-ring", "--to", "model")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("ganzoo: tiny-ring is not complete, nothing was published: a description")
    assert [path.name for path in tmp_path.iterdir()] == ["prose.md"]


def test_after_a_plugin_the_index_is_named(run, world, tmp_path):
    (tmp_path / "cards").mkdir()
    world(tiny_plugin(ganzoo_cards=lambda: [tmp_path / "cards"]))
    code, out, _ = run(*WHOLE, "--to", "plugin", "--no-metrics")
    assert code == 0
    assert out.endswith(f"run `ganzoo cards build {tmp_path / 'cards'}`\n")
    assert commands.ganzoo("cards", "build", tmp_path / "cards") == 0
    assert commands.ganzoo("cards", "build", "--check", tmp_path / "cards") == 0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (
            ("--to", "model", "--license", "weight=MIT"),
            2,
            "write WHICH=SPDX, of code, weights, data",
        ),
        (("--to", "model", "--license", "weights="), 2, "write WHICH=SPDX"),
        (("--to", "hf-hub:lab"), 2, "'hf-hub:lab' is not an address on the Hub"),
        (("--to", "prose.md"), 2, "prose.md is a file; name the folder that the model is to be"),
        (("--to", "prose.md/model"), 1, "prose.md/model cannot be written: File exists"),
        (("--to", "model", "--prose", "nowhere.md"), 2, "'nowhere.md' does not exist"),
        (("--to", "model", "--name", "No Name"), 2, "--name No Name: a model's name is lower-case"),
        (("--to", "model", "--extractor", "cnn-mnist"), 1, r"takes \[1, 28, 28\]|no split|ring"),
        (("--to", "model", "--private"), 2, "--private and --message apply to the Hub, and model"),
        (("--to", "model", "--message", "x"), 2, "apply to the Hub, and model is not on it"),
        ((), 2, "Missing option '--to'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_one_line(run, words, code, text):
    found, out, err = run(*WHOLE, *words)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("ganzoo: ")
    assert re.search(text, err), err
    assert not Path("model").exists()


def test_options_of_a_measuring_that_is_not_made_are_refused(run):
    assert run(*WHOLE, "--to", "model", "-n", "50", "--repeats", "1")[0] == 0
    for words in (("-n", "50"), ("--repeats", "3"), ("--no-metrics",)):
        code, _, err = run("--to", "other", *words, what="model/")
        assert code == 2
        assert (
            "model/ keeps the figures of its card, so leave out -n, --repeats and --no-met" in err
        )
    assert not Path("other").exists()
    assert run("--to", "other", what="model/")[0] == 0


def test_what_is_no_run_is_told(run):
    assert "there is no folder 'nowhere'" in run(*WHOLE, "--to", "x", what="./nowhere")[2]
    assert "there is no model 'nowhere'" in run(*WHOLE, "--to", "x", what="nowhere")[2]
