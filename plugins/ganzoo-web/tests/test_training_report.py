"""`ganzoo report`: trainings as one file."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path

import numpy
import pytest
from ganzoo_web.trainings.report import data_url, embedded, thinned, write_report
from ganzoo_web.trainings.telling import Have, tell
from PIL import Image

import commands
import ganzoo
from plane_runs import copied, hostile, make_run
from rolls import rolls_offered, rolls_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "ring")


def data_of(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_a_report_says_what_it_holds(trained, tmp_path, capsys):
    out = tmp_path / "below" / "run.html"
    assert commands.ganzoo("report", trained, "-o", out) == 0
    assert capsys.readouterr().out == f"{out}: 0.2 MB, 1 run, 5 of 5 grids, 7 scenes\n"
    (run,) = data_of(out)["runs"]
    assert len(run["rows"]) == 10 and run["state"] == "finished"
    assert run["picture_data"]["160"].startswith("data:image/")
    assert run["scene_data"].keys() == {"0", "16", "32", "64", "96", "128", "160"}


def test_equal_runs_give_equal_bytes(trained, tmp_path):
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    for path in (one, two):
        write_report(trained, out=path)
    assert one.read_bytes() == two.read_bytes()


def test_several_runs_are_compared(trained, tmp_path):
    other = make_run(tmp_path / "hinge", "hinge")
    report = write_report(trained, other, out=tmp_path / "both.html")
    data = data_of(report.path)
    assert [run["name"] for run in data["runs"]] == ["ring", "hinge"]
    assert data["differences"] == {"recipe.loss.name": ["ganzoo/non-saturating", "ganzoo/hinge"]}


def test_it_asks_no_server(trained, tmp_path):
    text = write_report(trained, out=tmp_path / "run.html").path.read_text()
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "default-src 'none'; script-src 'sha256-" in text


def test_strangers_words_stay_words(trained, tmp_path):
    report = write_report(hostile(trained, tmp_path), out=tmp_path / "run.html")
    text = report.path.read_text()
    assert "<img src=x" not in text and text.count("</script>") == 2
    assert "onerror" in data_of(report.path)["runs"][0]["description"]


def test_grids_are_thinned_until_they_fit(tmp_path):
    grids = {}
    for images in range(40):
        grids[images] = tmp_path / f"{images}.png"
        Image.effect_noise((64, 64), 80).convert("RGB").save(grids[images])
    each = len(data_url(grids[0]))
    kept = embedded(grids, 7 * each)
    assert 4 <= len(kept) <= 7 and {0, 39} <= kept.keys()
    assert embedded(grids, 1).keys() == {39}


def test_text_is_kept_as_lines(trained, tmp_path):
    """A training of text shows words, and a page that has some is told what is new."""
    run = copied(trained, tmp_path / "names")
    for path in (run / "samples").iterdir():
        path.unlink()
    for images, line in ((32, "anna"), (160, "<b>berta")):
        (run / "samples" / f"{images:012d}.txt").write_text(f"{line}\nx\n", encoding="utf-8")
    report = write_report(run, out=tmp_path / "names.html")
    (told,) = data_of(report.path)["runs"]
    assert told["texts"] == {"32": ["anna", "x"], "160": ["<b>berta", "x"]}
    assert str(report).endswith("1 run, 2 of 2 grids, 7 scenes")
    (found,) = ganzoo.runs(tmp_path / "names")
    assert tell(found, Have(rows=10, last=160))["texts"].keys() == {"160"}
    assert tell(found, Have())["texts"].keys() == {"32", "160"}


def test_music_is_kept_to_be_heard(trained, tmp_path):
    """Beside the grids of the same images, as far as they are kept, with how to play it."""
    with rolls_offered():
        report = write_report(rolls_run(trained, tmp_path / "rolls"), out=tmp_path / "rolls.html")
    (told,) = data_of(report.path)["runs"]
    assert told["heard"] == [32, 160]
    assert told["heard_data"].keys() == {"32", "160"}
    heard = told["heard_data"]["160"]
    assert (heard["view"]["form"], heard["view"]["tracks"]) == ("notes", ["high", "low"])
    assert heard["shape"] == [2, 16, 24]
    rows = numpy.frombuffer(gzip.decompress(base64.b64decode(heard["rows"])), "<f4")
    assert rows.reshape(-1, 2, 16, 24).shape[0] == 16
    assert rows.reshape(-1, 2, 16, 24)[0].nonzero()[2].tolist() == [12] * 8


def test_music_without_its_plugin_is_seen(trained, tmp_path):
    with rolls_offered():
        run = rolls_run(trained, tmp_path / "rolls")
    report = write_report(run, out=tmp_path / "rolls.html")
    (told,) = data_of(report.path)["runs"]
    assert told["heard_data"]["160"]["view"] is None and told["picture_data"]


def test_items_are_taken_evenly():
    assert thinned([*range(9)], 5) == [0, 2, 4, 6, 8]
    assert thinned([*range(9)], 1) == [8]
    assert thinned([1, 2], 5) == [1, 2]


def test_a_run_without_figures_is_refused(trained, tmp_path, capsys):
    run = copied(trained, tmp_path / "run")
    (run / "metrics.jsonl").unlink()
    for path in (run / "samples").iterdir():
        path.unlink()
    assert commands.ganzoo("report", run, "-o", tmp_path / "run.html") == 2
    assert "has no figures yet" in capsys.readouterr().err
    assert not (tmp_path / "run.html").exists()


def test_a_seed_that_has_no_figures_yet_is_left_out(trained, tmp_path):
    copied(trained, tmp_path / "many" / "seed-0")
    begun = tmp_path / "many" / "seed-1"
    (begun / "checkpoints").mkdir(parents=True)
    (begun / "config.json").write_bytes((trained / "config.json").read_bytes())
    report = write_report(tmp_path / "many", out=tmp_path / "many.html")
    assert report.runs == 1 and str(report).endswith(f"left out, without figures: {begun}")


def test_a_place_that_cannot_be_written_is_one_line(trained, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert commands.ganzoo("report", trained, "-o", tmp_path / "file" / "run.html") == 2
    assert "run.html cannot be written" in capsys.readouterr().err
