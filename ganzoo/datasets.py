"""Opening a data set by its name, as `--data` does."""

from __future__ import annotations

from typing import Any

from ganzoo.interfaces import Dataset
from ganzoo.parts import build
from ganzoo.specs import Part

__all__ = ["load"]


def load(name: str, /, **arguments: Any) -> Dataset:
    """Open a data set by bare or qualified name, with its constructor's arguments."""
    return build(Dataset, Part(name, arguments))
