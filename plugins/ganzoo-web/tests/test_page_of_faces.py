"""The page of the published faces: a slider takes glasses on and off, and a judge agrees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_web.pages.exporter import export

import ganzoo
from ganzoo import latent

NAME, ATTRIBUTE = "stylegan2-faces", "glasses"
#: The greatest mean difference of two pictures, in steps of 1/255.
ALIKE = 1.0
#: Sigmas to both sides, and the seed's samples that are looked at.
REACH, FACES = 3.0, 16
#: Milliseconds from a slider's event to the new picture. A machine with other work is forgiven
#: the tenfold of what a quiet one needs; docs/pages.md has that.
BUDGET = 1000.0
ANSWER = """
const slider = document.getElementById(args[0]);
const drawn = new Promise((resolve) =>
  document.addEventListener("ganzoo:drawn", resolve, { once: true }));
const began = performance.now();
slider.value = args[1];
slider.dispatchEvent(new Event("input"));
await drawn;
return performance.now() - began;"""


def samples_of(pixels: np.ndarray) -> torch.Tensor:
    """RGBA bytes [N, H, W, 4] as samples [N, 3, H, W]."""
    return torch.from_numpy(pixels[..., :3].copy()).permute(0, 3, 1, 2).float() / 127.5 - 1


def difference(drawn: torch.Tensor, samples: torch.Tensor) -> float:
    return float((drawn - samples.clamp(-1, 1)).abs().mean() * 127.5)


def wearers(pixels: np.ndarray) -> int:
    """How many faces of a wall wear glasses, as the extractor of their data set sees it."""
    extractor = ganzoo.open_extractor("cnn-faces")
    names = list(extractor.value_names[ATTRIBUTE])
    with torch.no_grad():
        scores = extractor.outputs(samples_of(pixels))[f"attribute:{ATTRIBUTE}"]
    return int((scores.argmax(1) != names.index("none")).sum())


@pytest.mark.slow
def test_a_slider_takes_glasses_on_and_off(visitor, tmp_path):
    model = ganzoo.load(NAME)
    export(model, tmp_path / "page")
    visitor.opens(tmp_path / "page" / "index.html", until="wall")
    assert difference(samples_of(visitor.pixels("#wall canvas")), model.sample(64, seed=0)) < ALIKE
    slider = f"by-{ATTRIBUTE}"
    named = visitor.browser.find_element("id", slider)
    assert named.accessible_name.startswith(ATTRIBUTE)
    counts = []
    for amount in (-REACH, REACH):
        visitor.sets(slider, amount, "wall")
        counts.append(wearers(visitor.pixels("#wall canvas")))
    assert counts[1] > 32 > 4 > counts[0], f"glasses on {counts} of 64 faces"
    directions = latent.directions(model, 8, by="attribute")
    moved = latent.edit(model, model.latents(1, seed=0), directions, {ATTRIBUTE: REACH})
    assert difference(samples_of(visitor.pixels("#picture")), moved) < ALIKE
    took = [visitor.awaits(ANSWER, slider, amount) for amount in (-2, -1, 0, 1, 2)]
    assert sorted(took)[2] < BUDGET, f"a slider is answered in {took} ms"
    assert visitor.complaints() == []
    assert all(name.startswith(("file:", "blob:")) for name in visitor.asked_for())
