"""Pages of samples that are no pictures: text that changes as one steers, and music to play."""

from __future__ import annotations

import base64
import io

import pytest
from ganzoo_web.pages.exporter import export

import ganzoo
from ganzoo import latent
from rolls import LOWEST, harmony_model, rolls_model, rolls_offered

WORDS = "return [...document.querySelectorAll('#wall button')].map((one) => one.textContent)"
TEXT = "return document.getElementById('picture').textContent"
#: Keeps what the page saves, in place of the browser's downloads.
KEEP = (
    "URL.createObjectURL = (blob) => { globalThis.kept = blob; return ''; };"
    "HTMLAnchorElement.prototype.click = () => {};"
)
KEPT = """
const bytes = new Uint8Array(await globalThis.kept.arrayBuffer());
return btoa(String.fromCharCode(...bytes));"""


def saved(visitor, button: str) -> bytes:
    """The bytes of the file that a button saves."""
    visitor.runs(KEEP + f"document.getElementById({button!r}).click()")
    return base64.b64decode(visitor.awaits(KEPT))


@pytest.mark.slow
def test_the_page_of_names(visitor, tmp_path):
    """Its words are those of `Model.lines`; sliders, seeds and clicks change them."""
    model = ganzoo.load("gumbel-surnames")
    export(model, tmp_path / "page")
    visitor.opens(tmp_path / "page" / "index.html", until="wall")
    lines = model.lines(64, seed=0)
    assert visitor.runs(WORDS) == lines
    assert visitor.runs(TEXT) == lines[0]
    assert saved(visitor, "download").decode().splitlines() == lines
    visitor.does("document.querySelectorAll('#wall button')[8].click()")
    assert visitor.runs(TEXT) == lines[8]
    point, directions = model.latents(1, seed=0, start=8), latent.directions(model, 8)
    visitor.sets("by-pca-1", 3, "wall")
    edited = model.lines(latents=point + directions.step({"pca-1": 3.0}), n=1)
    assert [visitor.runs(TEXT)] == edited and edited != lines[8:9]
    named = visitor.browser.find_elements("css selector", "#wall button")[8].accessible_name
    assert named == f"Text 8: {edited[0]}"
    visitor.sets("seed", 5, "wall")
    visitor.does("document.getElementById('reset').click()", "wall")
    shown = [line or "–" for line in model.lines(64, seed=5)]  # one may be empty
    assert visitor.runs(WORDS) == shown
    assert visitor.complaints() == []
    assert all(name.startswith(("file:", "blob:")) for name in visitor.asked_for())


def test_the_page_of_music(visitor, tmp_path):
    """A roll that plays, with a head that moves, and what is saved is what is shown."""
    mido = pytest.importorskip("mido", reason="mido is not installed")
    with rolls_offered():
        model = ganzoo.load(rolls_model(tmp_path / "tiny-rolls"))
        export(model, tmp_path / "page")
        rolls = model.sample(1, seed=0)[0]
    visitor.opens(tmp_path / "page" / "index.html", until="wall")
    file = mido.MidiFile(file=io.BytesIO(saved(visitor, "download-midi")))
    assert [track.name for track in file.tracks[1:]] == ["high", "low"]
    assert file.length == pytest.approx(2.0), "four beats at 120 beats a minute"
    for roll, track in zip(rolls, file.tracks[1:], strict=True):
        began = [message.note - LOWEST for message in track if message.type == "note_on"]
        assert began == (roll >= 0.5).int().argmax(1)[::4].tolist()
    play = visitor.browser.find_element("id", "play")
    play.click()
    assert play.text == "Stop"
    visitor.waits("Number(document.getElementById('picture').dataset.step) > 2")
    play.click()
    assert play.text == "Play"
    assert visitor.runs("return document.getElementById('picture').dataset.step") is None
    assert visitor.complaints() == []


@pytest.mark.slow
def test_a_melody_is_written_and_answered(visitor, tmp_path):
    """A stroke on the given roll is a melody of one pitch at a time, which the answer follows."""
    from selenium.webdriver.common.action_chains import ActionChains

    mido = pytest.importorskip("mido", reason="mido is not installed")
    with rolls_offered():
        export(ganzoo.load(harmony_model(tmp_path / "tiny-harmony")), tmp_path / "page")
    page = (tmp_path / "page" / "index.html").as_uri()
    visitor.opens(f"{page}#given=2", until="wall")
    assert notes(mido, visitor) == [[(0, 12)], [(0, 8)]]
    canvas = visitor.browser.find_element("id", "given")
    width, height = canvas.size["width"], canvas.size["height"]
    step, pitch = width / 16, height / 24
    top = int(-height / 2 + 2.5 * pitch)  # the third pitch from above
    pen = ActionChains(visitor.browser)
    pen.move_to_element_with_offset(canvas, int(-width / 2 + 4.5 * step), top)
    pen.click_and_hold().move_by_offset(int(3 * step), 0).release().perform()
    visitor.does("document.getElementById('reset').click()")
    assert notes(mido, visitor) == [[(0, 12), (4, 21), (8, 12)], [(0, 8), (4, 17), (8, 8)]]
    assert "your melody" in visitor.runs("return document.getElementById('caption').textContent")
    assert visitor.complaints() == []


def notes(mido, visitor) -> list[list[tuple[int, int]]]:
    """The step and the pitch, above the lowest, of each note that the page saves, by track."""
    file = mido.MidiFile(file=io.BytesIO(saved(visitor, "download-midi")))
    tracks = []
    for track in file.tracks[1:]:
        now, began = 0, []
        for message in track:
            now += message.time
            if message.type == "note_on":
                began.append((now * 4 // file.ticks_per_beat, message.note - LOWEST))
        tracks.append(began)
    return tracks
