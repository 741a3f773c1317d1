"""What listeners are told of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.specs import Recipe


@dataclass(frozen=True)
class RunRecord:
    """A training as its listeners see it: its folder, its recipe and how far it is."""

    folder: Path
    recipe: Recipe
    images_seen: int
