"""Data sets by name, as `--data` takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganzoo.arguments import text_of
from ganzoo.build import build, needed_arguments
from ganzoo.errors import UsageError, brief
from ganzoo.interfaces import Dataset
from ganzoo.specs import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL.Image import Image
    from torch import Tensor

__all__ = ["has_split", "load", "packed", "paths_of", "sheet"]


def load(name: str, /, **arguments: Any) -> Dataset:
    """Open a data set by bare or qualified name, with its constructor's arguments.

    `NAME:PATH`, such as `text:poems.txt`, gives a data set that takes a `path` its path.
    """
    bare, colon, path = text_of("the name", name).partition(":")
    if not colon:
        return build(Dataset, Part(name, arguments))
    part = Part(bare, {"path": path, **arguments})
    if lacking := sorted(needed_arguments(Dataset, part), reverse=True):
        open_ones = "".join(f", {name}=..." for name in lacking)
        raise UsageError(  # which --data takes from the networks
            f"there is no data set {brief(name)} without more arguments; it is opened by "
            f"load({bare!r}, path={brief(path)}{open_ones})"
        )
    return build(Dataset, part)


def has_split(name: str, /) -> bool:
    """Whether a data set takes the argument `split`, which is `train` or `test`."""
    from ganzoo.data import splits

    return splits.has_split(Part(text_of("the name", name)))


def packed(
    name: str, make: Callable[[], Mapping[str, Tensor]], saying: str = ""
) -> dict[str, Tensor]:
    """Tensors that a data set is slow to make, from the user's cache: `make` is called once.

    `name` must change whenever the tensors do, so it holds a version and all that they depend on,
    as in `chorales-1`. `saying` is shown where they are made. `ganzoo cache` lists them as a pack.
    Where the cache cannot be written they are made each time, and a warning says so.
    """
    from ganzoo.data.packing.tensors import packed_tensors

    return packed_tensors(text_of("the name", name), make, saying)


def paths_of(data: Dataset) -> list[str]:
    """The path of each image of an open folder, below it and in the order of the images.

    Raises `UsageError` for data of another kind.
    """
    from ganzoo.data.folder import FolderImages

    if not isinstance(data, FolderImages):
        raise UsageError(f"paths are those of a folder's images, found {type(data).__name__}")
    return data.paths()


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
