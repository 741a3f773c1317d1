"""What models, runs and trainings show in a notebook, and its sliders."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import sys

import pytest
from PIL import Image

import ganzoo
from ganzoo.engine.run.progress import TrainingDisplay
from ganzoo.errors import GanzooError, UsageError
from ganzoo.latent import directions, sliders
from ganzoo.notebooks import in_notebook
from ganzoo.run_folders import Run
from ganzoo.zoo import pictures
from short_runs import config, play


@pytest.fixture(scope="module")
def letters():
    return ganzoo.load("dcgan-letters")


def pictures_in(page):
    """The pictures of a page of HTML."""
    codes = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(code))) for code in codes]


def test_a_model_shows_its_name_licences_figures_and_a_grid(letters):
    page = letters._repr_html_()
    assert "<b>dcgan-letters</b>" in page and "weights Apache-2.0" in page
    assert ">FD (cnn-letters)</td>" in page
    (shown,) = pictures_in(page)
    with Image.open(io.BytesIO(letters._repr_png_())) as grid:
        assert shown.tobytes() == grid.tobytes()


def test_a_run_shows_its_state_newest_grid_and_curves(tmp_path, tiny_world):
    play(config(steps=20), tmp_path / "run", log_every=64)
    run = Run(tmp_path / "run")
    assert run._repr_png_() is None, "its samples are no pictures"
    grid = Image.new("RGB", (30, 20), "red")
    grid.save(run.folder / "samples" / "000000000999.png")
    page = run._repr_html_()
    assert "<b>run</b> finished, 999 of 320 images" in page
    first, *curves = pictures_in(page)
    assert first.tobytes() == grid.tobytes()
    assert len(curves) == bool(importlib.util.find_spec("matplotlib"))
    assert all(picture.width >= 600 for picture in curves)


# Sliders


def shown(box):
    with Image.open(io.BytesIO(box.picture.value)) as picture:
        return picture.convert("RGB").tobytes()


def test_every_slider_draws_what_edit_draws(letters):
    pytest.importorskip("ipywidgets")
    ways = directions(letters, 2)
    box = letters.sliders(n=2, directions=ways)
    assert [*box.controls] == ["seed", "truncation", "class", "pca-1", "pca-2"]
    box.controls["seed"].value = 5
    box.controls["class"].value = 16
    box.controls["pca-2"].value = 1.5
    wanted = ganzoo.latent.edit(
        letters, letters.latents(2, seed=5), ways, {"pca-2": 1.5}, seed=5, labels="Q"
    )
    with Image.open(io.BytesIO(pictures.png(pictures.grid(wanted, letters.card)))) as picture:
        assert shown(box) == picture.convert("RGB").tobytes()
    before = shown(box)
    box.controls["truncation"].value = 0.1
    assert shown(box) != before


def test_what_has_no_sliders_says_so(letters, monkeypatch):
    pytest.importorskip("ipywidgets")
    with monkeypatch.context() as patched:
        patched.setattr(letters.generator, "latent_dim", 0)
        with pytest.raises(UsageError, match="has no latents to steer"):
            sliders(letters)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(GanzooError, match="sliders need ipywidgets; pip install ipywidgets"):
        sliders(letters)


# Progress


@pytest.fixture
def notebook(monkeypatch):
    """IPython as a notebook runs it, without a browser: what is displayed is kept."""
    pytest.importorskip("IPython")
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = CapturingDisplayPublisher()
    shell.kernel = object()
    yield shell.display_pub.outputs
    InteractiveShell.clear_instance()


def test_a_training_is_one_output_that_changes(notebook, monkeypatch, capsys):
    monkeypatch.setattr("ganzoo.engine.run.progress.NOTEBOOK_SECONDS", 0)
    assert in_notebook()
    with TrainingDisplay("dcgan-mnist", 1000) as display:
        display.update_figures({"generator": 0.7, "discriminator.real": 0.2})
        for images in (100, 500, 1000):
            display.advance(images)
    pages = [output["data"]["text/html"] for output in notebook]
    assert len(pages) == 3 and [bool(output.get("update")) for output in notebook] == [0, 1, 1]
    text = [re.sub(r"<[^>]+>", "", page) for page in pages]
    assert "100 of 1,000" in text[0] and "100%" in text[2] and "D real" in text[2]
    assert capsys.readouterr().err == ""


def test_a_quiet_training_shows_nothing(notebook):
    with TrainingDisplay("dcgan-mnist", 1000, quiet=True) as display:
        display.advance(1000)
    assert not notebook


def test_a_terminal_is_no_notebook():
    assert not in_notebook()
