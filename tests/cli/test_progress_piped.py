"""Progress in a log: lines that can be read, now and then, and nothing that moves."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from ganzoo import terminal
from ganzoo.bench import progress as bench_display
from ganzoo.bench.progress import BenchProgress
from ganzoo.data.mnist import fetching
from ganzoo.data.packing import fill as filling
from ganzoo.engine.run import progress
from ganzoo.engine.run.progress import TrainingDisplay
from ganzoo.plugins import PluginManager, RunRecord
from ganzoo.specs import Part, Recipe
from ganzoo.terminal import logging_every, moves, stderr_console, telling

#: What a terminal obeys and a log does not.
CONTROLS = ("\x1b", "\r", "\b")


class Piped:
    """What stderr got so far, where it is no terminal."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys, self.said = capsys, ""

    def text(self) -> str:
        self.said += self.capsys.readouterr().err
        return self.said


@pytest.fixture(params=["plain", "FORCE_COLOR"])
def piped(request, monkeypatch, capsys) -> Piped:
    """A pipe, whatever the environment says of colours."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "FORCE_COLOR":
        monkeypatch.setenv("FORCE_COLOR", "1")
    return Piped(capsys)


def lines_of(piped: Piped) -> list[str]:
    said = piped.text()
    assert not any(mark in said for mark in CONTROLS), repr(said)
    return said.splitlines()


def test_a_pipe_is_no_terminal(piped):
    assert not moves(stderr_console())


def test_a_training_says_a_line_now_and_then(piped, monkeypatch):
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with TrainingDisplay("mine", 300) as shown:
        shown.update_figures({"generator": 0.5, "discriminator.real": 0.25})
        for images in (100, 200, 300):
            shown.advance(images)
    lines = lines_of(piped)
    assert len(lines) == 2
    assert lines[0].startswith("mine  100 of 300 images")


def test_a_training_says_its_first_line_after_a_second(piped, monkeypatch):
    now = iter([0.0, 0.0, 0.5, 1.5, 20.0, 32.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    with TrainingDisplay("mine", 500) as shown:
        shown.resume_from(0)
        for images in (100, 200, 300, 400):
            shown.advance(images)
    assert [line.split()[1] for line in lines_of(piped)] == ["200", "400"]


def test_a_quiet_training_says_nothing(piped, monkeypatch):
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with TrainingDisplay("mine", 300, quiet=True) as shown:
        shown.advance(100)
    assert lines_of(piped) == []


def test_a_bench_says_how_far_a_job_is(piped, monkeypatch, tmp_path):
    monkeypatch.setattr(bench_display, "work", lambda job: 300)
    jobs = ["gan seed 0", "gan seed 1"]
    recipe = Recipe(loss=Part("hinge"), data=Part("ring"))
    with BenchProgress(jobs, PluginManager([])) as shown:
        for job in jobs:
            shown.begin(job)
            monkeypatch.setattr(bench_display, "LOG_SECONDS", 0.0)
            shown.ganzoo_metrics_logged(RunRecord(tmp_path, recipe, 100), {})
            monkeypatch.setattr(bench_display, "LOG_SECONDS", 1e9)
            shown.ganzoo_metrics_logged(RunRecord(tmp_path, recipe, 200), {})
            shown.end(job, "modes 8 (2 s)")
    assert lines_of(piped) == [
        "1 of 2  gan seed 0  100 of 300 images",
        "1 of 2  gan seed 0: modes 8 (2 s)",
        "2 of 2  gan seed 1  100 of 300 images",
        "2 of 2  gan seed 1: modes 8 (2 s)",
    ]


def test_packing_says_how_far_it_is(piped, monkeypatch, caplog):
    monkeypatch.setattr(filling, "LOG_SECONDS", 0.0)
    caplog.set_level(logging.INFO, "ganzoo")
    wanted = type("PackRequest", (), {"root": Path("photos")})()
    with filling._progress(wanted, 2000) as advance:
        advance(1000)
        advance(1000)
    assert [record.getMessage() for record in caplog.records] == [
        "packing 2,000 images of photos",
        "packed 1,000 of 2,000 images",
        "packed 2,000 of 2,000 images",
        "packed photos",
    ]
    assert lines_of(piped) == []


# eval and publish


def waited_for(piped: Piped, text: str) -> None:
    """Wait until a line with the text is written."""
    end = time.monotonic() + 10
    while text not in piped.text():
        assert time.monotonic() < end, piped.said
        time.sleep(0.005)


def test_what_takes_long_is_said_and_goes_on_being_said(piped):
    with logging_every(0.01) as tell:
        waited_for(piped, "reading  (")
        tell("real samples of mnist")
        waited_for(piped, "real samples of mnist  (")
    before = piped.text()
    time.sleep(0.05)
    assert piped.text() == before  # nobody goes on talking
    assert all(line.endswith(" s so far)") for line in lines_of(piped))


def test_what_is_soon_done_is_not_said(piped):
    with telling(quiet=False) as tell:
        tell("real samples of mnist")
    assert lines_of(piped) == []


def test_what_fails_ends_the_talking(piped):
    with pytest.raises(ValueError, match="no"), logging_every(0.01):
        raise ValueError("no")
    before = piped.text()
    time.sleep(0.05)
    assert piped.text() == before


def test_programs_that_read_are_left_alone(piped, monkeypatch):
    monkeypatch.setattr(terminal, "LOG_SECONDS", 0.001)
    with telling(quiet=True) as tell:
        tell("real samples of mnist")
        time.sleep(0.02)
    assert lines_of(piped) == []


# Downloads


def test_torchvisions_bar_stays_out_of_a_log(piped):
    from torchvision.datasets import utils

    bar = utils.tqdm
    with fetching(), utils.tqdm(total=10) as shown:
        shown.update(5)
    assert utils.tqdm is bar
    assert lines_of(piped) == []
