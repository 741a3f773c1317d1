"""Pages of models that answer pictures: a hole is painted, a photograph is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_web.pages.conditions import conditions_of
from ganzoo_web.pages.exporter import export
from PIL import Image
from torch import Tensor, nn

import ganzoo
from ganzoo.conditions import conditions_of as conditions_from_data
from ganzoo.conditions import save_conditions
from ganzoo.specs import Part
from ganzoo.weights import save_weights
from model_folders import describe

SIDE = 16
HOLES = {"name": "mask", "arguments": {"holes": ["half", "centre"]}}


def translator(folder: Path, transform: Any, **arguments: Any) -> ganzoo.Model:
    """A small U-Net on digits, as it is before training, but with weights that show."""
    data = {"of": {"name": "mnist-mini", "arguments": {"size": SIDE}}, "transform": transform}
    given = {"size": SIDE, "channels": 1, "width": 4, **arguments}
    generator = ganzoo.create_generator("unet", **given)
    rng = torch.Generator().manual_seed(0)
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            scale = module.weight[0].numel() ** -0.5
            nn.init.normal_(module.weight, std=2 * scale, generator=rng)
    folder.mkdir()
    part = Part("ganzoo-translate/unet", given)
    save_weights(folder / "model.safetensors", generator, part)
    train = Part("ganzoo-translate/pairs", data)
    kept = conditions_from_data(train, ganzoo.datasets.load("pairs", **data))
    save_conditions(folder / "conditions.safetensors", kept)
    network = {"name": part.name, "arguments": given}
    recipe = {
        "loss": {"name": "ganzoo/hinge"},
        "data": {"name": train.name, "arguments": data},
    }
    describe(
        folder,
        name=folder.name,
        kind="image",
        generator=network,
        discriminator=network,
        recipe=recipe,
        requires={"ganzoo-translate": ">=0.1"},
    )
    return ganzoo.load(folder)


def grey(pictures: Tensor) -> np.ndarray:
    """Samples [N, 1, H, W] as bytes [N, H, W]."""
    return pictures[:, 0].add(1).mul(127.5).round().clamp(0, 255).byte().numpy()


def drawn(visitor, selector: str = "#picture") -> np.ndarray:
    """The grey bytes [N, H, W] of canvases."""
    return visitor.pixels(selector)[..., 0]


def difference(found: np.ndarray, samples: Tensor) -> float:
    """The mean difference from samples in steps of 1/255."""
    return float(np.abs(found.astype(int) - grey(samples).astype(int)).mean())


def hole_of(given: np.ndarray) -> np.ndarray:
    """Where the chequered ground of a given picture shows: bool [H, W]."""
    rows, columns = np.indices(given.shape)
    ground = np.where((rows * SIDE + columns + rows) % 2, 205, 235)
    return given == ground


def test_a_hole_is_painted_and_filled(visitor, tmp_path):
    """The answer is the model's, another latent gives another, and what is known stays."""
    shape = {"condition_shape": [2, SIDE, SIDE], "keep_known": True, "latent_dim": 4}
    model = translator(tmp_path / "fills-digits", HOLES, **shape)
    export(model, tmp_path / "page")
    visitor.opens(tmp_path / "page" / "index.html", until="wall")
    own, whole = model.conditions, model.targets
    assert difference(drawn(visitor), model.sample(1, seed=0)) < 1
    answers = model.sample(64, seed=0, conditions=own[:1])
    assert difference(drawn(visitor, "#wall canvas"), answers) < 1
    assert not torch.equal(answers[0], answers[1]), "another latent, another answer"
    visitor.does("document.querySelectorAll('#examples button')[3].click()")
    assert difference(drawn(visitor), model.sample(1, seed=0, conditions=own[3])) < 1
    presets_answer_the_keyboard(visitor, model, whole[3:4])
    paints_with_the_mouse(visitor, grey(whole[3:4])[0])
    own_pictures_are_filled(visitor, model, tmp_path)
    visitor.sets("seed", 4, "wall")
    assert drawn(visitor, "#wall canvas").std(0).mean() > 0
    assert visitor.complaints() == []
    assert all(name.startswith(("file:", "blob:")) for name in visitor.asked_for())


def redrawn(visitor) -> None:
    """Wait until all that was done is drawn."""
    visitor.does("document.getElementById('reset').click()")


def presets_answer_the_keyboard(visitor, model: ganzoo.Model, whole: Tensor) -> None:
    """A hole of the model's data is reached by keys."""
    from selenium.webdriver.common.keys import Keys

    buttons = visitor.browser.find_elements("css selector", "#presets button")
    assert [button.text for button in buttons] == ["Hide half", "Hide centre", "Hide nothing"]
    buttons[1].send_keys(Keys.ENTER)
    redrawn(visitor)
    conditions = model.conditions_from(whole, mask="centre")
    assert difference(drawn(visitor), model.sample(1, seed=0, conditions=conditions)) < 1


def paints_with_the_mouse(visitor, whole: np.ndarray) -> None:
    """A stroke hides what it covers; all else is, to the byte, what was given."""
    from selenium.webdriver.common.action_chains import ActionChains

    visitor.does("document.querySelectorAll('#presets button')[2].click()")
    assert (drawn(visitor)[0] == whole).all(), "without a hole it is the picture itself"
    canvas = visitor.browser.find_element("id", "given")
    across = canvas.size["width"] // 4
    strokes = ActionChains(visitor.browser).move_to_element_with_offset(canvas, -across, 0)
    strokes.click_and_hold().move_by_offset(2 * across, 0).release().perform()
    visitor.waits("document.getElementById('given-note').textContent.startsWith('Paint over')")
    redrawn(visitor)
    hole = hole_of(drawn(visitor, "#given")[0])
    assert hole[SIDE // 2, SIDE // 4 : SIDE - SIDE // 4].all()
    assert not hole[: SIDE // 4].any() and not hole[-SIDE // 4 :].any()
    assert (drawn(visitor)[0] == whole)[~hole].all()
    assert (drawn(visitor)[0] != whole)[hole].any()


def own_pictures_are_filled(visitor, model: ganzoo.Model, folder: Path) -> None:
    """A visitor's file is the condition that Python makes of it; what is no picture is said."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    Image.fromarray(pixels).save(folder / "mine.png")
    visitor.does("document.querySelectorAll('#presets button')[0].click()")
    field = visitor.browser.find_element("id", "own")
    field.send_keys(str(folder / "mine.png"))
    visitor.waits("document.getElementById('caption').textContent.includes('mine.png')")
    redrawn(visitor)
    conditions = model.conditions_from(folder / "mine.png", mask="half")
    assert difference(drawn(visitor), model.sample(1, seed=0, conditions=conditions)) < 1
    assert (drawn(visitor)[0] == pixels)[:, : SIDE // 2].all()
    (folder / "thesis.txt").write_text("no picture")
    field.send_keys(str(folder / "thesis.txt"))
    told = "return document.getElementById('notice').textContent"
    while not visitor.runs(told):
        pass
    assert visitor.runs(told) == "thesis.txt is no picture that this browser can read."
    visitor.runs("document.getElementById('notice').textContent = ''")


@pytest.mark.slow
def test_a_photograph_becomes_what_the_model_was_trained_on(visitor, tmp_path):
    """Its edges are found in the page as in Python; a model without latents has no seed."""
    shape = {"condition_shape": [1, SIDE, SIDE], "latent_dim": 0}
    model = translator(tmp_path / "edges-to-digits", "edges", **shape)
    export(model, tmp_path / "page")
    visitor.opens(tmp_path / "page" / "index.html")
    assert difference(drawn(visitor), model.sample(1, seed=0)) < 1
    for hidden in ("sampling", "wall-section", "blend-row"):
        assert not visitor.browser.find_element("id", hidden).is_displayed()
    for name, side in (("photo.png", SIDE), ("art.png", SIDE // 2)):
        pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
        visitor.browser.find_element("id", "own").send_keys(str(tmp_path / name))
        visitor.waits(f"document.getElementById('caption').textContent.includes('{name}')")
        for reading, given in (("1", "targets"), ("0", "inputs")):
            visitor.sets("reading", reading, event="change")
            conditions = model.conditions_from(tmp_path / name, given=given)
            assert difference(drawn(visitor, "#given"), conditions) < 1
            assert difference(drawn(visitor), model.sample(1, seed=0, conditions=conditions)) < 1
    draws_with_a_pen(visitor, model)
    assert visitor.complaints() == []


def draws_with_a_pen(visitor, model: ganzoo.Model) -> None:
    """A drawing can be drawn: dark ink on the paper that most of the model's own conditions are."""
    from selenium.webdriver.common.action_chains import ActionChains

    visitor.does("document.querySelector('#presets button').click()")
    values = model.conditions.flatten().sort().values
    paper = values[len(values) // 2].expand(1, 1, SIDE, SIDE)
    assert difference(drawn(visitor), model.sample(1, seed=0, conditions=paper)) < 1
    canvas = visitor.browser.find_element("id", "given")
    ActionChains(visitor.browser).move_to_element(canvas).click().perform()
    redrawn(visitor)
    given = torch.from_numpy(drawn(visitor, "#given")).float().div(127.5).sub(1)[:, None]
    assert given[0, 0, SIDE // 2 - 1 : SIDE // 2 + 1].min() < 0 < given[0, 0, 0].min()
    assert difference(drawn(visitor), model.sample(1, seed=0, conditions=given)) < 1
    assert "your drawing" in visitor.runs("return document.getElementById('caption').textContent")


def test_what_a_page_is_told_of_conditions(tmp_path):
    """Holes are those of the data set, and models that compose nothing are painted on too."""
    shape = {"condition_shape": [2, SIDE, SIDE], "latent_dim": 2}
    told = conditions_of(translator(tmp_path / "a", HOLES, **shape))
    assert (told["paints"], told["fill"], told["count"]) == (True, 0.0, 64)
    assert [hole["name"] for hole in told["holes"]] == ["half", "centre"]
    assert told["targets"] is not None and told["readings"] == []
