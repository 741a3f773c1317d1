"""Data sets by name, as `--data` takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganzoo.arguments import text_of
from ganzoo.build import build
from ganzoo.errors import UsageError, brief
from ganzoo.interfaces import Dataset
from ganzoo.specs import Part

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["load", "sheet"]


def load(name: str, /, **arguments: Any) -> Dataset:
    """Open a data set by bare or qualified name, with its constructor's arguments."""
    kind, colon, path = text_of("the name", name).partition(":")
    if colon and kind == "folder":  # --data takes this form, and the rest from the networks
        raise UsageError(
            f"there is no data set {brief(name)}; a folder is opened by load('folder', "
            f"path={brief(path)}, size=..., channels=...)"
        )
    return build(Dataset, Part(name, arguments))


def sheet(data: Dataset, count: int = 64) -> Image:
    """A PIL image of up to `count` samples of a data set, evenly spaced, as networks see them.

    Raises `UsageError` for data that is no images.
    """
    from ganzoo.data.devices import as_bytes
    from ganzoo.data.preview import contact_sheet
    from ganzoo.writers.images import columns_for, grid, picture_of

    if data.kind != "image":
        raise UsageError(f"the data set's samples are {data.kind}, not images")
    samples = contact_sheet(data, count)
    return picture_of(grid(as_bytes(samples), columns_for(len(samples), *samples.shape[2:])))
