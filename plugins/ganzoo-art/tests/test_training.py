"""The tool that trains the extractors: what it shows them, and that it repeats its bytes."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ganzoo_art.extractors import AttributeExtractor, StyleExtractor, open_weights
from ganzoo_art.letters import fonts_of, read
from ganzoo_art.portraits import PixelFaces
from ganzoo_art.sheets import lot

SCRIPT = Path(__file__).parents[3] / "tools" / "train_art_extractors.py"


@cache
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_art_extractors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclass looks for its annotations
    spec.loader.exec_module(module)
    return module


class RowsOnly:
    """Letters that give their rows' numbers in place of drawings."""

    fonts = fonts_of("train")

    def __len__(self) -> int:
        return 26 * len(self.fonts)

    def batch(self, rows):
        return rows, None


def test_two_letters_of_a_font_among_fonts_of_other_families():
    plan = tool().Plan("style", "letters", passes=1, width=4, shift=0)
    task = tool().Likening(StyleExtractor("style", width=4), RowsOnly(), plan)
    families = read("families.json")["families"]
    names = [families[font] for font in RowsOnly.fonts]
    one, other = next(task.batches(seed=0))
    assert len(one) == tool().BATCH
    assert torch.equal(one // 26, other // 26)
    assert (one % 26 != other % 26).all()
    chosen = [names[row // 26] for row in one.tolist()]
    assert len(set(chosen)) == len(chosen)
    assert min(lot(f"style {family}") for family in chosen) >= tool().KEPT
    kept = {names[font] for font in task.kept}
    assert kept
    assert kept.isdisjoint(task.families)


def test_the_threshold_parts_two_kinds_of_pairs():
    same, apart = torch.tensor([0.6, 0.7, 0.9, 0.1]), torch.tensor([-0.5, 0.0, 0.2, 0.5])
    assert 0.5 < tool().best_threshold(same, apart) <= 0.6


def test_the_same_seed_trains_the_same_bytes(tmp_path, monkeypatch):
    def few(name: str, split: str):
        data = PixelFaces("test", attributes=list(tool().heads_of(name)))
        data.drawings, data.labels = data.drawings[:300], data.labels[:300]
        return data

    monkeypatch.setattr(tool(), "opened", few)
    plan = tool().Plan("attributes", "pixel-faces", passes=1, width=4)
    made = []
    for number, seed in enumerate((0, 0, 1)):
        folder = tmp_path / str(number) / "cnn-pixel-faces"
        tool().make("cnn-pixel-faces", plan, seed, torch.device("cpu"), folder)
        made.append((folder / "model.safetensors").read_bytes())
    assert made[0] == made[1] != made[2]
    extractor = open_weights(AttributeExtractor, "cnn-pixel-faces", tmp_path / "0")
    assert float(extractor.shares.sum()) == pytest.approx(17, abs=1e-3)
