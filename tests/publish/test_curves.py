"""Curves of the training beside a card: drawn from the runs that are published, and shown once."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

import commands
from ganzoo.cards import catalogue
from ganzoo.publish import curves
from ganzoo.publish.curves import curves_of
from ganzoo.publish.measuring import Effort
from ganzoo.publish.planning import PublishRequest, planned
from ganzoo.publish.publish import publish
from ganzoo.run_plots import plot
from ganzoo.specs.readme import CURVES, FIGURES, with_curves, without_curves
from model_folders import LICENCES
from short_runs import config, play

pytest.importorskip("matplotlib")


@pytest.fixture
def run(tiny_world, tmp_path):
    """A run with a row of figures at each step, and a distance in each."""
    play(config(data="ring", kind="points", steps=4), tmp_path / "run")
    path = tmp_path / "run" / "metrics.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [{**row, "fd.cnn-x.n100": 10.0 / (1 + place)} for place, row in enumerate(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "run"


def out(what, to):
    said = {"name": "tiny-ring", "description": "A ring.", "licences": LICENCES}
    prose = None if (to / "README.md").is_file() else "# tiny-ring\n\nFor tests.\n"
    asked = PublishRequest(what, str(to), prose=prose, **said)
    publish(planned(catalogue(), asked), Effort(measure=False))
    return (to / "README.md").read_text()


def test_a_published_run_shows_its_curves_once_in_a_small_picture(run, tmp_path, monkeypatch):
    text = out(run, tmp_path / "model")
    assert text.count(CURVES) == 1 and text.index(CURVES) < text.index("## Figures")
    file = tmp_path / "model" / "training.png"
    assert file.stat().st_size < 60_000
    with Image.open(file) as picture:
        assert picture.size == (800, 1000), "terms, accuracy, diversity, distance"
    drawn = file.read_bytes()
    assert out(run, tmp_path / "model") == text and file.read_bytes() == drawn
    monkeypatch.setattr(curves, "find_spec", lambda name: None)  # as without matplotlib
    assert out(run, tmp_path / "model") == text and file.read_bytes() == drawn
    assert CURVES not in out(run, tmp_path / "other")
    assert not (tmp_path / "other" / "training.png").exists()


def test_a_model_folder_takes_its_curves_along(run, tmp_path):
    out(run, tmp_path / "model")
    assert CURVES in out(tmp_path / "model", tmp_path / "copy")
    pictures = [(tmp_path / name / "training.png").read_bytes() for name in ("model", "copy")]
    assert pictures[0] == pictures[1]


def test_what_was_never_logged_is_not_drawn(run):
    (run / "metrics.jsonl").unlink()
    assert curves_of([run / "export"], "x") is None


def test_building_cards_shows_the_curves_that_lie_there(run, tmp_path, capsys):
    text = out(run, tmp_path / "cards" / "tiny-ring")
    readme = tmp_path / "cards" / "tiny-ring" / "README.md"
    readme.write_text(without_curves(text))
    assert commands.ganzoo("cards", "build", tmp_path / "cards") == 0
    assert readme.read_text() == text
    assert commands.ganzoo("cards", "build", "--check", tmp_path / "cards") == 0


def test_curves_have_a_place_in_any_prose():
    told = f"# Mine\n\n{FIGURES}<!-- end of figures -->\nEnd.\n"
    assert with_curves(told) == f"# Mine\n\n{CURVES}{FIGURES}<!-- end of figures -->\nEnd.\n"
    shown = "# Mine\n\n![Mine](training.png)\n"
    assert with_curves(shown) == shown, "where a person shows them"


def test_distances_are_drawn_by_factors_with_plain_numbers(run):
    from ganzoo.run_folders import Run

    figure = Run(run).plot("fd")
    (axes,) = figure.axes
    assert (axes.get_ylabel(), axes.get_yscale()) == ("fd.cnn-x.n100", "log")
    figure.savefig(io.BytesIO(), format="png")
    assert {"5", "10"} <= {label.get_text() for label in axes.get_yticklabels()}
    rows = [[{"images": 1, "fd.x.n9": 8.0}], [{"images": 1, "fd.x.n9": 2.0}]]
    assert plot({"two seeds": rows}, ()).axes[0].get_ylabel() == "fd.x.n9"
