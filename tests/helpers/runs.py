"""Tiny real trainings, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.engine.prepare import config_of, resolve
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.train import train
from ganzoo.specs import ModelConfig, merge


def ring_config(images: int = 6400, **recipe: Any) -> ModelConfig:
    """Tiny players on the ring of eight modes, resolved; `recipe` changes keys of the recipe."""
    raw = {**config_of("tiny", "tiny", "non-saturating", "tiny-ring"), "kind": "tiny-points"}
    raw["recipe"] = merge(raw["recipe"], {"images": images, **recipe})
    return resolve(raw, "the test")


def run_ring(folder: Path, images: int = 6400, **recipe: Any) -> Outcome:
    """Train tiny players on the ring, quietly."""
    return train(ring_config(images, **recipe), RunOptions(folder, quiet=True))
