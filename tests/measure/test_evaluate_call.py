"""`ganzoo.evaluate`: what `ganzoo eval` does, as a call."""

from __future__ import annotations

import json

import pytest

import ganzoo
from commands import ganzoo as command
from ganzoo.errors import UsageError


@pytest.fixture(scope="module")
def evaluation():
    return ganzoo.evaluate("vanilla-mnist", n=1000, repeats=2)


def test_a_call_gives_the_figures_of_the_command(evaluation, capsys):
    words = ("eval", "vanilla-mnist", "-n", "1000", "--repeats", "2", "--device", "cpu", "--json")
    assert command(*words) == 0
    printed = json.loads(capsys.readouterr().out)
    assert evaluation.record()["figures"] == printed["figures"]


def test_figures_are_read_by_their_keys(evaluation):
    assert evaluation.floor("fd") < evaluation.value("fd")
    assert evaluation.spread("fd") > 0
    with pytest.raises(UsageError, match="no figure 'fid' was measured; there are: .*fd"):
        evaluation.value("fid")


def test_an_evaluation_prints_as_the_commands_table(evaluation):
    lines = str(evaluation).splitlines()
    assert lines[0].startswith("vanilla-mnist: 64 features of cnn-mnist, against")
    assert lines[2].split()[:3] == ["FIGURE", "VALUE", "SPREAD"]


def test_a_folder_of_seeds_gives_mean_and_spread_over_them(tmp_path):
    parts = {"generator": "vanilla", "discriminator": "vanilla", "loss": "hinge"}
    runs = tmp_path / "runs"
    ganzoo.train(**parts, data="mnist-mini", images=640, seeds=2, out=runs, quiet=True)
    both = ganzoo.evaluate(runs, n=200, repeats=1)
    each = [ganzoo.evaluate(run, n=200, repeats=1).value("fd") for run in ganzoo.runs(runs)]
    assert both.value("fd") == pytest.approx(sum(each) / 2)
    assert both.several and both.median in (0, 1)
