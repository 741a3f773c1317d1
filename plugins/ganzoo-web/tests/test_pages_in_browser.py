"""Pages in a browser without a network: they draw what `model.sample` draws, and obey."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import ganzoo
from chromium import resize
from ganzoo import latent
from ganzoo.specs import Part
from ganzoo.weights import save_weights
from model_folders import describe

#: The greatest mean difference of two pictures, in steps of 1/255.
ALIKE = 1.0


@pytest.fixture(scope="module")
def gallery(tmp_path_factory) -> Path:
    """A gallery of the digits and the letters."""
    from ganzoo_web.pages.gallery import write_gallery

    folder = tmp_path_factory.mktemp("gallery") / "zoo"
    return write_gallery(["dcgan-mnist", "dcgan-letters"], folder, said=lambda line: None)


def bytes_of(samples: torch.Tensor) -> np.ndarray:
    """Samples as RGBA pixels [N, H, W, 4]."""
    grey = samples.add(1).mul(127.5).round().clamp(0, 255).expand(-1, 3, -1, -1)
    opaque = torch.full_like(grey[:, :1], 255)
    return torch.cat([grey, opaque], 1).permute(0, 2, 3, 1).byte().numpy()


def difference(drawn: np.ndarray, samples: torch.Tensor) -> float:
    """The mean difference of two lots of pictures, in steps of 1/255."""
    return float(np.abs(drawn.astype(int) - bytes_of(samples).astype(int)).mean())


def test_the_page_of_the_digits(visitor, gallery):
    """It draws model.sample's pictures, and its sliders do what `ganzoo.latent.edit` does."""
    visitor.opens(gallery / "dcgan-mnist" / "index.html", until="wall")
    model = ganzoo.load("dcgan-mnist")
    assert difference(visitor.pixels("#wall canvas"), model.sample(64, seed=0)) < ALIKE
    visitor.sets("seed", 7, "wall")
    samples = model.sample(64, seed=7)
    assert difference(visitor.pixels("#wall canvas"), samples) < ALIKE
    visitor.does("document.querySelectorAll('#wall button')[9].click()")
    assert difference(visitor.pixels("#picture"), samples[9:10]) < ALIKE
    assert visitor.runs("return document.getElementById('caption').textContent") == (
        "Seed 7, picture 9"
    )
    directions = latent.directions(model, 8)
    visitor.sets("by-pca-2", 2)
    point = model.latents(1, seed=7, start=9)
    edited = latent.edit(model, point, directions, {"pca-2": 2.0})
    assert difference(visitor.pixels("#picture"), edited) < ALIKE
    visitor.sets("truncation", 0.5)
    edited = latent.edit(model, point, directions, {"pca-2": 2.0}, truncation=0.5)
    assert difference(visitor.pixels("#picture"), edited) < ALIKE
    visitor.does("document.getElementById('reset').click()")
    assert difference(visitor.pixels("#picture"), samples[9:10]) < ALIKE
    works_with_keys_on_a_phone(visitor)
    assert visitor.complaints() == []
    assert all(name.startswith(("file:", "blob:")) for name in visitor.asked_for())


def works_with_keys_on_a_phone(visitor) -> None:
    """The wall and the sliders obey the keyboard, and all that one can touch has a name."""
    from selenium.webdriver.common.keys import Keys

    resize(visitor.browser, 375, 800)
    assert visitor.runs("return document.documentElement.scrollWidth") <= 375
    chosen = visitor.browser.find_element("css selector", "#wall button[aria-pressed=true]")
    chosen.send_keys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    focused = visitor.browser.switch_to.active_element
    assert focused.accessible_name == "Picture 18"
    focused.send_keys(Keys.ENTER)
    visitor.waits("document.getElementById('caption').textContent === 'Seed 7, picture 18'")
    slider = visitor.browser.find_element("id", "by-pca-1")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_attribute("aria-valuetext") == "+0.05 σ"
    visitor.waits("location.hash.includes('by.pca-1=0.05')")
    unnamed = [
        element.get_attribute("outerHTML")
        for element in visitor.browser.find_elements("css selector", "button, input, select")
        if element.is_displayed() and not element.accessible_name
    ]
    assert unnamed == []


def test_the_page_of_the_letters(visitor, gallery, served):
    """A word in the picture's typeface, which another latent changes; from a static server."""
    address = served(gallery)
    visitor.opens(f"{address}dcgan-letters/index.html#word=WORD", until="word")
    model = ganzoo.load("dcgan-letters")

    def word(seed: int, index: int, text: str) -> torch.Tensor:
        latents = model.latents(1, seed=seed, start=index).expand(len(text), -1)
        return model.sample(latents=latents, labels=[ord(letter) - ord("A") for letter in text])

    assert difference(visitor.pixels("#word-picture canvas"), word(0, 0, "WORD")) < ALIKE
    visitor.does("document.querySelectorAll('#wall button')[5].click()", "word")
    assert difference(visitor.pixels("#word-picture canvas"), word(0, 5, "WORD")) < ALIKE
    visitor.sets("word", "gan é", "word")
    assert difference(visitor.pixels("#word-picture canvas"), word(0, 5, "GAN")) < ALIKE
    note = visitor.runs("return document.getElementById('word-note').textContent")
    assert note == "This model does not draw é"
    visitor.sets("class", 17, "wall", event="change")
    assert difference(visitor.pixels("#wall canvas"), model.sample(64, seed=0, labels="R")) < ALIKE
    visitor.opens(f"{address}dcgan-letters/index.html#seed=3", until="wall")
    assert difference(visitor.pixels("#wall canvas"), model.sample(64, seed=3)) < ALIKE
    assert visitor.complaints() == []
    assert all(name.startswith((address, "blob:")) for name in visitor.asked_for())


def test_the_start_page_samples_and_sorts(visitor, gallery):
    visitor.browser.get((gallery / "index.html").as_uri())
    visitor.does("document.querySelector('[data-model=dcgan-mnist] button').click()", "dcgan-mnist")
    drawn = visitor.pixels("[data-model=dcgan-mnist] canvas")[0]
    small = drawn[1::3, 1::3]  # each pixel is a square of three
    tiles = small.reshape(8, 28, 8, 28, 4).swapaxes(1, 2).reshape(64, 28, 28, 4)
    assert difference(tiles, ganzoo.load("dcgan-mnist").sample(64, seed=1)) < ALIKE
    link = visitor.runs("return document.querySelector('[data-model=dcgan-mnist] a').href")
    assert link.endswith("/dcgan-mnist/index.html#seed=1")
    names = "return [...document.querySelectorAll('.card')].map((card) => card.dataset.model)"
    assert visitor.runs(names) == ["dcgan-mnist", "dcgan-letters"]
    sort = "document.querySelectorAll('thead button')[0].click();"
    assert visitor.runs(sort + names) == ["dcgan-letters", "dcgan-mnist"]
    assert visitor.runs(sort + names) == ["dcgan-mnist", "dcgan-letters"]
    assert visitor.complaints() == []


def test_the_page_of_a_model_with_styles_and_classes(visitor, tmp_path):
    """Truncation towards the average style, a named direction of a file, and blends of styles."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        generator = ganzoo.create_generator(
            "stylegan2", latent_dim=16, style_dim=8, size=8, widths=8, num_classes=3
        )
        generator.average_style.normal_()
    model = ganzoo.Model(generator, ganzoo.card("dcgan-mnist"), torch.device("cpu"))
    found = latent.directions(model, 1, by="sefa")
    found.save(tmp_path / "found.safetensors")
    assert load_file(tmp_path / "found.safetensors")["vectors"].shape == (1, 8)
    page = model.export("web", tmp_path / "page", directions=str(tmp_path / "found.safetensors"))
    visitor.opens(page / "index.html", until="wall")
    assert difference(visitor.pixels("#wall canvas"), model.sample(64, seed=0)) < ALIKE
    visitor.sets("truncation", 0.4)
    visitor.sets("by-sefa-1", 3)
    label = model.labels(1, seed=0)
    moved = latent.edit(
        model, model.latents(1, seed=0), found, {"sefa-1": 3.0}, truncation=0.4, labels=label
    )
    assert difference(visitor.pixels("#picture"), moved) < ALIKE
    visitor.does("document.getElementById('reset').click()")
    visitor.sets("blend", 0.25)
    styles = model.styles(model.latents(2, seed=0), label.expand(2))
    between = torch.lerp(styles[:1], styles[1:], 0.25)
    expected = model.sample(styles=between, labels=label)
    assert difference(visitor.pixels("#picture"), expected) < ALIKE
    assert visitor.complaints() == []


def test_a_browser_without_webassembly_is_told(visitor, gallery):
    script = visitor.browser.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete globalThis.WebAssembly;"}
    )
    try:
        visitor.browser.get((gallery / "dcgan-mnist" / "index.html").as_uri())
        notice = visitor.runs("return document.getElementById('notice').textContent")
    finally:
        visitor.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    assert notice.startswith("This browser has no WebAssembly, which the page needs to draw.")


def test_a_page_without_its_weights_says_so(visitor, gallery, tmp_path):
    """A file that was not copied is named, in place of an empty frame."""
    (tmp_path / "alone").mkdir()
    shutil.copy(gallery / "dcgan-mnist" / "index.html", tmp_path / "alone")
    shutil.copytree(gallery / "common", tmp_path / "common")
    visitor.browser.get((tmp_path / "alone" / "index.html").as_uri())
    notice = visitor.runs("return document.getElementById('notice').textContent")
    assert notice.startswith("A part of this page is missing: runtime.js or model.js.")
    visitor.complaints()


@pytest.mark.slow
def test_the_page_of_points_is_a_plot(visitor, tmp_path):
    """The chosen point is a large dot where the model draws it, and moves with the sliders."""
    model = ganzoo.load(points_model(tmp_path / "points-ring"))
    page = model.export("web", tmp_path / "page")
    visitor.opens((page / "index.html").as_uri() + "#picture=5")
    drawn, end = dot_and_end(visitor)
    near = end / 50
    assert drawn == pytest.approx(model.sample(6, seed=0)[5].tolist(), abs=near)
    visitor.sets("truncation", 0.3)
    moved = model.sample(latents=model.latents(1, seed=0, start=5), truncation=0.3)[0]
    assert dot_and_end(visitor)[0] == pytest.approx(moved.tolist(), abs=near)
    assert not visitor.browser.find_element("id", "wall-section").is_displayed()
    assert visitor.complaints() == []


def points_model(folder: Path) -> Path:
    """A model folder of points in the plane, as they are before training."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        generator = ganzoo.create_generator("points")
    folder.mkdir()
    part = Part("ganzoo-bench/points")
    save_weights(folder / "model.safetensors", generator, part)
    recipe = {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "ganzoo/ring"}}
    return describe(
        folder,
        name=folder.name,
        kind="points",
        generator={"name": part.name},
        discriminator={"name": part.name},
        recipe=recipe,
        requires={"ganzoo-bench": ">=0.1"},
    )


def dot_and_end(visitor) -> tuple[list[float], float]:
    """Where the plot's large dot is, in the plane, and where its axes end."""
    plot = visitor.pixels("#picture")[0].astype(int)
    rows, columns = np.nonzero((plot[..., 3] > 250) & (plot[..., :3].max(-1) < 40))
    end = float(visitor.runs("return document.getElementById('picture').dataset.end"))
    half, reach = 240, 216
    across, down = columns.mean() + 0.5 - half, rows.mean() + 0.5 - half
    return [across / reach * end, -down / reach * end], end
