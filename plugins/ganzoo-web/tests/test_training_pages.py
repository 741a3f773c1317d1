"""Pages of trainings in a browser: what they draw, how they move, what they follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest
from ganzoo_web.trainings.report import write_report
from ganzoo_web.trainings.server import TrainingServer

from chromium import resize
from plane_runs import HOSTILE, append, copied, cut, hostile, make_run, running
from rolls import rolls_offered, rolls_run

LOSS = "document.querySelector('path[data-name=\"generator\"]')"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "ring")


@pytest.fixture
def watched() -> Iterator[Callable[[Path], str]]:
    """Watch a folder: `watched(folder)` returns the page's address."""
    servers = []

    def start(folder: Path) -> str:
        servers.append(TrainingServer([folder]))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1].url

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def points_of(visitor, name: str = "generator") -> int:
    """How many points a figure's curve has."""
    script = "return document.querySelector(`path[data-name='${arguments[0]}']`).getAttribute('d')"
    return len(visitor.runs(script, name).replace("M", "L").split("L")) - 1


def scene(visitor) -> numpy.ndarray:
    return visitor.pixels("canvas.scene").astype(int)


def where(visitor) -> str:
    return visitor.runs("return document.querySelector('.where').textContent")


def press(visitor, title: str) -> None:
    visitor.runs("document.querySelector(`button[title='${arguments[0]}']`).click()", title)


def test_a_live_page_draws_and_follows_the_run(visitor, watched, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    later = cut(run / "metrics.jsonl", 6)
    hidden = [path for path in (run / "scenes").iterdir() if int(path.stem) > 96]
    hidden = {path: path.read_bytes() for path in hidden}
    for path in hidden:
        path.unlink()
    with running(run):
        visitor.opens(watched(run), until="page")
        visitor.waits("document.querySelector('.where').textContent.includes('96 images')")
        assert points_of(visitor) == points_of(visitor, "real") == 6
        assert visitor.runs("return document.querySelector('.state').textContent") == "running"
        before = scene(visitor)
        assert before.std() > 10
        for path, data in hidden.items():
            path.write_bytes(data)
        with (run / "metrics.jsonl").open("a") as file:
            file.writelines(later)
        visitor.waits(f"{LOSS}.getAttribute('d').split('L').length === 10")
        visitor.waits("document.querySelector('.where').textContent === 'step 10 · 160 images'")
        assert numpy.abs(scene(visitor) - before).max() > 30
        picture = "document.querySelector('#film img')"
        visitor.waits(f"{picture}.src.includes('picture/0/160') && {picture}.naturalWidth > 0")
        append(
            run / "journal.jsonl", {"time": 1, "images": 160, "event": "ill", "text": "too alike"}
        )
        visitor.waits("document.querySelector('.events .bad')?.textContent.includes('too alike')")
        cut(run / "metrics.jsonl", 4)  # as a run that is resumed does
        visitor.waits(f"{LOSS}.getAttribute('d').split('L').length === 4")
    visitor.waits("document.querySelector('.state').textContent === 'finished'")
    assert visitor.complaints() == []


def test_the_game_is_played_stepped_and_layered(visitor, trained, tmp_path):
    page = write_report(trained, out=tmp_path / "run.html").path
    visitor.opens(page, until="page")
    assert where(visitor) == "step 10 · 160 images"
    last = scene(visitor)
    press(visitor, "To the beginning")
    assert where(visitor) == "step 0 · 0 images"
    first = scene(visitor)
    assert numpy.abs(first - last).mean() > 1
    press(visitor, "One step on")
    press(visitor, "One step on")
    press(visitor, "One step back")
    assert where(visitor) == "step 1 · 16 images"
    visitor.runs("const speed = document.querySelector('.speed'); speed.value = 4;"
                 "speed.dispatchEvent(new Event('change'))")  # fmt: skip
    press(visitor, "Play")
    visitor.waits("document.querySelector('.play').title === 'Play'")
    assert where(visitor) == "step 10 · 160 images"
    assert numpy.array_equal(scene(visitor), last)
    for layer in ("heat", "real", "fake", "push", "mesh"):
        visitor.runs(f"document.querySelector('.layer.{layer} input').click()")
        assert not numpy.array_equal(scene(visitor), last), layer
        visitor.runs(f"document.querySelector('.layer.{layer} input').click()")
    assert visitor.complaints() == [] and visitor.asked_for() == []


def test_curves_are_hovered_zoomed_and_clicked(visitor, trained, tmp_path):
    visitor.opens(write_report(trained, out=tmp_path / "run.html").path, until="page")
    event = (
        "const act = (type, share) => { const it = document.querySelector('.canvas svg');"
        "const box = it.getBoundingClientRect(); it.dispatchEvent(new PointerEvent(type, {"
        "clientX: box.left + 48 + share * (box.width - 58), bubbles: true, pointerId: 1 })); };"
    )
    visitor.runs(f"{event} act('pointermove', 0.5)")
    tip = visitor.runs("return document.querySelector('.tip').textContent")
    assert tip.startswith("80 images") and "real" in tip
    visitor.runs(f"{event} act('pointerdown', 0.5); act('pointerup', 0.5)")
    assert where(visitor) in ("step 4 · 64 images", "step 6 · 96 images")
    visitor.runs(f"{event} act('pointerdown', 0.25); act('pointermove', 1); act('pointerup', 1)")
    assert visitor.runs("return document.querySelector('.reset').hidden") is False
    assert points_of(visitor) < 10
    visitor.runs("document.querySelector('.reset').click()")
    assert points_of(visitor) == 10
    visitor.runs("document.querySelector('.log input').click()")
    assert points_of(visitor) == 10 and visitor.complaints() == []


def test_what_was_measured_on_the_way_comes_first(visitor, watched, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    titles = "[...document.querySelectorAll('#curves h3')].map((title) => title.textContent)"
    with running(run):
        visitor.opens(watched(run), until="page")
        assert visitor.runs(f"return {titles}[0]") == "Discriminator's losses"
        for images, distance in ((176, 20.0), (192, 5.0)):
            measured = {"fd.cnn-mnist.n1000": distance, "modes.n1000": 8.0}
            append(run / "metrics.jsonl", {"images": images, "step": images // 16, **measured})
        visitor.waits(f"{titles}.length > 5")
    found = visitor.runs(f"return {titles}")
    assert found[0] == "Distance of samples from real ones (FD)" and found[-1] == "modes"
    first = visitor.runs("return document.querySelector('#curves figure').textContent")
    assert "Lower is better" in first and "cnn-mnist, 1,000 samples" in first
    assert points_of(visitor, "cnn-mnist, 1,000 samples") == 2 and visitor.complaints() == []


def test_several_runs_lie_over_each_other(visitor, trained, tmp_path):
    other = make_run(tmp_path / "hinge", "hinge")
    visitor.opens(write_report(trained, other, out=tmp_path / "two.html").path, until="page")
    lines = "return [...document.querySelectorAll('path.line')].map((it) => it.dataset.name)"
    assert {"ring · real", "hinge · real"} <= set(visitor.runs(lines))
    assert visitor.runs("return document.querySelectorAll('canvas.scene').length") == 2
    assert visitor.runs("return document.querySelectorAll('#film img').length") == 2
    table = visitor.runs("return document.querySelector('#differences').textContent")
    assert "recipe.loss.name" in table and "ganzoo/hinge" in table
    visitor.runs("document.querySelectorAll('.chip')[1].click()")
    assert not any("hinge" in name for name in visitor.runs(lines))
    assert visitor.runs("return document.querySelectorAll('canvas.scene')[1].offsetWidth") == 0
    assert visitor.complaints() == []


def test_music_is_heard_at_each_place_of_the_history(visitor, trained, tmp_path):
    """The roll shows and plays what the generator made there, with a head that moves."""
    with rolls_offered():
        run = rolls_run(trained, tmp_path / "rolls")
        visitor.opens(write_report(run, out=tmp_path / "rolls.html").path, until="page")
    roll = ".hearing canvas"
    visitor.waits(f"document.querySelector({roll!r})")
    late = visitor.pixels(roll)
    press(visitor, "To the beginning")
    visitor.waits(f"document.querySelector({roll!r})")
    visitor.waits("document.querySelector('.where').textContent === 'step 0 · 0 images'")
    assert not numpy.array_equal(visitor.pixels(roll), late)
    play = visitor.browser.find_element("css selector", ".music .play")
    play.click()
    visitor.waits(f"Number(document.querySelector({roll!r}).dataset.step) > 1")
    play.click()
    assert visitor.runs(f"return document.querySelector({roll!r}).dataset.step") is None
    assert visitor.complaints() == []


def test_strangers_words_are_shown_as_words(visitor, watched, trained, tmp_path):
    run = hostile(trained, tmp_path)
    for address in (watched(run), write_report(run, out=tmp_path / "run.html").path):
        visitor.opens(address, until="page")
        visitor.waits("document.querySelectorAll('.events li').length > 2")
        text = visitor.runs("return document.body.textContent")
        assert text.count(HOSTILE) >= 4  # description, event, setting and figure
        assert HOSTILE.replace("/", "|") in text
        assert visitor.runs("return globalThis.hacked === undefined")
        assert visitor.runs("return document.querySelectorAll('img[src=x]').length") == 0
        assert visitor.complaints() == []


def test_a_run_without_figures_says_so(visitor, watched, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    for name in ("metrics.jsonl", "journal.jsonl"):
        (run / name).unlink()
    for path in [*(run / "samples").iterdir(), *(run / "scenes").iterdir()]:
        path.unlink()
    visitor.opens(watched(run), until="page")
    help_ = visitor.runs("return document.getElementById('curves-help').textContent")
    assert help_.startswith("No figures yet")
    assert visitor.complaints() == []


@pytest.mark.parametrize("width", [375, 1200])
def test_nothing_runs_over_the_side(visitor, trained, tmp_path, width):
    visitor.opens(write_report(trained, trained, out=tmp_path / "run.html").path, until="page")
    resize(visitor.browser, width, 800)
    assert visitor.runs("return document.documentElement.scrollWidth") <= width
