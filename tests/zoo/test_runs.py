"""Runs as objects: state, figures, differences, tables, plots."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import commands
import ganzoo
from ganzoo.cli import main
from ganzoo.errors import UsageError
from ganzoo.run_folders import Run, Runs, runs
from ganzoo.run_plots import plot, save
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
    assert ">loss.name</th>" in both._repr_html_()


def test_figures_are_drawn_over_the_images_seen(trained):
    pytest.importorskip("matplotlib")
    figure = runs(trained).plot("accuracy.real")
    (axes,) = figure.axes
    lines = {line.get_label(): list(line.get_xdata()) for line in axes.get_lines()}
    assert lines.keys() == {"hinge", "non-saturating"} and lines["hinge"][-1] == 640


def test_a_run_is_drawn_in_panels_of_what_belongs_together(trained):
    pytest.importorskip("matplotlib")
    figure = Run(trained / "hinge").plot()
    assert [axes.get_ylabel() for axes in figure.axes] == ["terms", "accuracy", "diversity"]
    terms, accuracy, _ = ({line.get_label() for line in axes.get_lines()} for axes in figure.axes)
    assert "generator" in terms and "discriminator.real" in terms
    assert accuracy == {"accuracy.real", "accuracy.fake", "ranked"}


def test_seeds_of_one_training_are_a_line_and_a_band():
    """Known rows: the mean of the two seeds where both have values, between the least and most."""
    pytest.importorskip("matplotlib")
    seeds = [
        [{"images": 0, "x": 0.0}, {"images": 100, "x": 1.0}, {"images": 200, "x": 2.0}],
        [{"images": 50, "x": 2.5}, {"images": 150, "x": None}, {"images": 250, "x": 4.5}],
    ]
    figure = plot({"both": seeds, "one": seeds[:1]}, ["x"])
    (axes,) = figure.axes
    both, one = axes.get_lines()
    assert (both.get_label(), one.get_label()) == ("both", "one")
    assert both.get_xydata().tolist() == [[50, 1.5], [100, 2.0], [200, 3.0]]
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices.tolist()
    assert [50, 0.5] in corners and [50, 2.5] in corners and [200, 4.0] in corners


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_plot_is_written_with_the_same_bytes_and_no_global_state(ending, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    rows = [{"images": 0, "generator": 0.5}, {"images": 100, "generator": 1.0}]
    for name in "ab":
        save(plot({"run": [rows]}, []), tmp_path / f"{name}.{ending}")
    first, second = (tmp_path / f"{name}.{ending}" for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(UsageError, match="a plot is written as .png, .svg or .pdf"):
        save(plot({"run": [rows]}, []), tmp_path / "a.gif")


def test_the_command_draws_the_runs_of_a_folder(trained, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert commands.ganzoo("list", f"{trained}/", "--plot", tmp_path / "made" / "all.png") == 0
    assert (tmp_path / "made" / "all.png").read_bytes()[:4] == b"\x89PNG"
    assert commands.ganzoo("list", "--plot", tmp_path / "all.png") == 2
    assert "--plot draws trainings; give the folder" in capsys.readouterr().err


def test_a_run_without_figures_is_not_drawn(trained):
    pytest.importorskip("matplotlib")
    (trained / "hinge" / "metrics.jsonl").unlink()
    with pytest.raises(UsageError, match="no run has logged figures yet"):
        Run(trained / "hinge").plot()


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


def test_a_folder_without_a_slash_is_told_how_its_trainings_are_listed(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trainings").mkdir()
    assert commands.ganzoo("list", "trainings") == 0
    assert "`ganzoo list trainings/` shows the trainings in that folder" in capsys.readouterr().err


def test_the_command_lists_the_runs_of_a_folder(trained, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["list", f"{trained}/"])
    assert not ended.value.code
    assert capsys.readouterr().out.rstrip() == repr(runs(trained))
    with pytest.raises(SystemExit):
        main(["list", f"{trained}/", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["state"] == "finished"
