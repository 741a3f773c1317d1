"""Data sets by name, as `--data` takes them."""

from __future__ import annotations

from typing import Any

from ganzoo.arguments import text_of
from ganzoo.build import build
from ganzoo.errors import UsageError, brief
from ganzoo.interfaces import Dataset
from ganzoo.specs import Part

__all__ = ["load"]


def load(name: str, /, **arguments: Any) -> Dataset:
    """Open a data set by bare or qualified name, with its constructor's arguments."""
    kind, colon, path = text_of("the name", name).partition(":")
    if colon and kind == "folder":  # --data takes this form, and the rest from the networks
        raise UsageError(
            f"there is no data set {brief(name)}; a folder is opened by load('folder', "
            f"path={brief(path)}, size=..., channels=...)"
        )
    return build(Dataset, Part(name, arguments))
