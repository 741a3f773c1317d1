"""The wall of tools/wall.py: which models hang there, and where each picture lies."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import ganzoo
from ganzoo.cards import catalogue

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wall():
    spec = importlib.util.spec_from_file_location("wall", ROOT / "tools" / "wall.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_art_model_hangs_and_of_digits_the_best(wall):
    cards = catalogue().cards
    hanging = [card for card, _ in wall.hanging(cards)]
    art = {card.name for card in cards if card.data in wall.ART and card.status == "ready"}
    assert art <= {card.name for card in hanging}
    assert "dcgan-letters" in art
    rest = {card.data: card for card in hanging if card.data in wall.OTHERS}
    assert rest.keys() == wall.OTHERS.keys()
    for data, best in rest.items():
        others = [card for card in cards if card.data == data and card.status == "ready"]
        distances = [card.config.metrics[0].value for card in others]
        assert best.config.metrics[0].value == min(distances)


def test_letters_hang_row_by_row_each_of_one_latent(wall):
    model = ganzoo.load("dcgan-letters")
    rows = wall.rows_of(model, 1, seed=1)
    assert rows.shape == (3, wall.CELL, wall.WIDTH)
    picture = model.sample(latents=model.latents(1, seed=1), labels=[2])[0, 0]
    cell = rows[0, 1:33, 2 * wall.CELL + 1 : 2 * wall.CELL + 33]
    torch.testing.assert_close(cell.float(), (picture + 1) * 127.5, atol=1.0, rtol=0)


def test_coloured_pictures_have_larger_cells_and_are_enlarged_by_whole_pixels(wall):
    shape = (3, 16, 16)
    model = SimpleNamespace(
        generator=SimpleNamespace(sample_shape=shape, num_classes=None),
        sample=lambda n, seed: torch.ones(n, *shape),
    )
    rows = wall.rows_of(model, 2, seed=0)
    assert rows.shape == (3, 2 * wall.CELL, wall.WIDTH)
    assert int((rows[0, wall.CELL] == 255).sum()) == 13 * 64


def test_the_picture_of_the_readme_is_there():
    for page in ("README.md", "docs/index.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert "zoo.png)" in text.partition("```")[0]
    assert (ROOT / "docs" / "zoo.png").is_file()
