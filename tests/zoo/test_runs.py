"""Runs as objects: state, figures, differences, tables, plots."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli import main
from ganzoo.errors import UsageError
from ganzoo.run_folders import Run, Runs, runs
from short_runs import config, play


@pytest.fixture
def trained(tmp_path: Path, tiny_world) -> Path:
    """Two finished runs of different losses in one folder."""
    for loss in ("hinge", "non-saturating"):
        play(config(loss, steps=40), tmp_path / "runs" / loss, log_every=128)
    return tmp_path / "runs"


def test_a_run_says_what_was_trained_and_how_far_it_came(trained):
    run = Run(trained / "hinge")
    assert (run.name, run.state, run.images) == ("hinge", "finished", 640)
    assert run.recipe.loss.name == "ganzoo/hinge"
    assert [row["images"] for row in run.metrics][-1] == 640
    assert run.samples and all(path.is_file() for path in run.samples)
    assert run.model.sample(4, seed=0).shape == (4, 2)
    assert "finished, 640 images" in repr(run)


def test_a_run_whose_lock_is_held_is_running(trained):
    folder = trained / "hinge"
    lock = sqlite3.connect(folder / ".lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert Run(folder).state == "running"
    lock.close()
    assert Run(folder).state == "finished"


def test_a_run_that_was_stopped_is_stopped(trained):
    folder = trained / "hinge"
    for path in (folder / "export").iterdir():
        path.unlink()
    assert Run(folder).state == "stopped"


def test_runs_are_compared_by_what_differs(trained):
    both = runs(trained)
    assert isinstance(both, Runs) and [run.name for run in both] == ["hinge", "non-saturating"]
    assert both.differences() == {"recipe.loss.name": ["ganzoo/hinge", "ganzoo/non-saturating"]}
    header, first, _ = repr(both).splitlines()
    assert header.split() == ["RUN", "STATE", "IMAGES", "SEED", "loss.name"]
    assert first.split() == [
        str(trained / "hinge"),
        "finished",
        "640",
        "of",
        "640",
        "0",
        "ganzoo/hinge",
    ]
    assert json.dumps(both.records())
    assert [run.name for run in both[:1]] == ["hinge"]
    assert "<th>loss.name</th>" in both._repr_html_()


def test_figures_are_drawn_over_the_images_seen(trained):
    pytest.importorskip("matplotlib")
    figure = runs(trained).plot("accuracy.real")
    (axes,) = figure.axes
    lines = {line.get_label(): list(line.get_xdata()) for line in axes.get_lines()}
    assert lines.keys() == {"hinge", "non-saturating"} and lines["hinge"][-1] == 640


def test_a_figure_that_nobody_logged_is_refused(trained):
    pytest.importorskip("matplotlib")
    with pytest.raises(UsageError, match="no run logged 'fid'; there are: accuracy.fake"):
        Run(trained / "hinge").plot("fid")


def test_what_holds_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="contains no run"):
        Run(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        ganzoo.runs(tmp_path / "none")
    assert len(ganzoo.runs(tmp_path)) == 0


def test_the_command_lists_the_runs_of_a_folder(trained, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["list", f"{trained}/"])
    assert not ended.value.code
    assert capsys.readouterr().out.rstrip() == repr(runs(trained))
    with pytest.raises(SystemExit):
        main(["list", f"{trained}/", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["state"] == "finished"
