"""Pages of models that are told things by name: one chooses them, and all else stays as drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ganzoo_web.pages.exporter import export
from torch import Tensor

import ganzoo
from ganzoo.cards import Catalogue, using
from ganzoo.conditions import conditions_of, save_conditions
from ganzoo.plugins import PART_HOOKS, PluginManager
from ganzoo.plugins.distributions import installed_sources
from ganzoo.specs import Part
from ganzoo.weights import save_weights
from model_folders import describe
from tiny import tiny_plugin
from told_game import NAMES, Told

ARGUMENTS = {"size": 16, "width": 4, "channels": 1, "condition_shape": [len(NAMES)]}


def told_model(folder: Path) -> ganzoo.Model:
    """A small DCGAN that is told hair, glasses and an age, as it is before training."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        generator = ganzoo.create_generator("dcgan", **ARGUMENTS)
        for parameter in generator.parameters():
            parameter.data.mul_(8 if parameter.dim() > 1 else 1)
    folder.mkdir()
    network = {"name": "ganzoo-dcgan/dcgan", "arguments": ARGUMENTS}
    save_weights(folder / "model.safetensors", generator, Part(network["name"], ARGUMENTS))
    own = conditions_of(Part("tiny/told"), Told())
    save_conditions(folder / "conditions.safetensors", own)
    describe(
        folder,
        name=folder.name,
        kind="image",
        generator=network,
        discriminator=network,
        recipe={"loss": {"name": "ganzoo/hinge"}, "data": {"name": "tiny/told"}},
        requires={"ganzoo-dcgan": ">=0.1"},
        condition_names=list(NAMES),
    )
    return ganzoo.load(folder)


def difference(drawn: np.ndarray, samples: Tensor) -> float:
    """The mean difference from samples [N, 1, H, W] in steps of 1/255."""
    grey = samples[:, 0].add(1).mul(127.5).round().clamp(0, 255).numpy()
    return float(np.abs(drawn[..., 0].astype(float) - grey).mean())


@pytest.mark.slow
def test_things_are_chosen_by_name(visitor, tmp_path):
    told = {PART_HOOKS["dataset"]: {"told": "told_game:Told"}}
    dcgan = [one for one in installed_sources() if one.distribution == "ganzoo-dcgan"]
    with using(Catalogue(PluginManager([tiny_plugin(**told), *dcgan]))):
        model = told_model(tmp_path / "told-faces")
        export(model, tmp_path / "page")
        drawn = model.sample(64, seed=0)
        long = model.sample(64, seed=0, conditions={"hair": "long"})
        both = model.sample(64, seed=0, conditions={"hair": "long", "age": 0.5})
    page = tmp_path / "page" / "index.html"
    visitor.opens(page, until="wall")
    assert (
        difference(visitor.pixels("#wall canvas"), drawn)
        < 1
        < difference(visitor.pixels("#wall canvas"), long)
    )
    visitor.sets("is-hair", "long", "wall", event="change")
    assert difference(visitor.pixels("#wall canvas"), long) < 1
    caption = "return document.getElementById('caption').textContent"
    assert visitor.runs(caption) == "Seed 0, picture 0, hair long"
    visitor.opens(page.as_uri() + "#is.hair=long&is.age=0.5&is.nose=big", until="wall")
    assert difference(visitor.pixels("#wall canvas"), both) < 1
    assert visitor.browser.find_element("id", "is-hair").accessible_name == "hair"
    visitor.sets("is-hair", "", "wall", event="change")
    assert "hair" not in visitor.runs(caption)
    assert visitor.complaints() == []
