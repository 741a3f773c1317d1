"""Writing samples by their kind, with the writer that a plugin offers for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from torch import Tensor

from ganzoo.cards import catalogue
from ganzoo.errors import PartError, UnknownNameError, UsageError
from ganzoo.files import written_whole
from ganzoo.interfaces import Legend, Writer
from ganzoo.plugins.registry import Offer

log = logging.getLogger("ganzoo")

#: The ending of pictures of many samples.
PICTURE = ".png"
#: Samples of a grid that a training keeps as numbers where they are heard, and their ending.
HEARD, NUMBERS = 16, ".npz"


class FunctionWriter(Writer):
    """A writer that is a function of samples and a path: into a folder unless told otherwise."""

    def __init__(self, function: Callable[[Tensor, Path], list[Path]]) -> None:
        self.function = function

    def write(self, samples: Tensor, path: Path, legend: Legend) -> list[Path]:
        """Have the function write them; it reads no legend."""
        return self.function(samples, path)


def writer_of(kind: str) -> Writer:
    """The writer of a kind; `UnknownNameError` where no plugin, or more than one, offers it."""
    return opened(catalogue().registry.find("writer", kind))


def opened(offer: Offer) -> Writer:
    """What a plugin offers as a writer: a class, or a function of samples and a path."""
    target = offer.resolve()
    if not isinstance(target, type):
        return FunctionWriter(target)
    if not issubclass(target, Writer):
        raise PartError(
            f"writer {offer.qualified}: {offer.target} is no subclass of ganzoo.Writer, and no "
            "function of samples and a path"
        )
    made = offer.build()
    assert isinstance(made, Writer)
    return made


def write_samples(kind: str, samples: Tensor, path: Path, legend: Legend) -> list[Path]:
    """Write samples [N, *S] as .npy, or with the writer of their kind; returns the files."""
    if path.suffix.lower() == ".npy":
        return [write_array(samples, path)]
    return writer_of(kind).write(samples, path, legend)


def write_array(samples: Tensor, path: Path) -> Path:
    """Write samples as NumPy's array float32 [N, *S], in the data's range; returns the file."""
    import numpy

    with written_whole(path) as beside, beside.open("wb") as file:
        numpy.save(file, samples.numpy())
    return path


def write_grid(kind: str, samples: Tensor, stem: Path, legend: Legend) -> list[Path]:
    """Write samples beside a training: in one file if their writer has an ending, else a folder.

    It is a picture if the writer makes some, since grids are looked at. A training does not fail
    if no plugin, or more than one, writes that kind: one warning says so, and nothing is written.
    """
    try:
        writer = writer_of(kind)
    except UnknownNameError as error:
        _warn_once(f"samples are not drawn: {error}")
        return []
    return writer.write(samples, grid_path(writer, stem), legend)


def write_heard(kind: str, samples: Tensor, stem: Path, legend: Legend) -> Path | None:
    """Keep the first samples of a grid as numbers, `samples` [n, *S], if they are heard.

    A page can then play them. Returns the file, which NumPy opens; None for samples that are seen.
    """
    try:
        view = writer_of(kind).view(tuple(samples.shape[1:]), legend)
    except UnknownNameError:
        return None  # the grid has said so
    if view is None or not view.heard:
        return None
    import numpy

    path = stem.with_name(f"{stem.name}{NUMBERS}")
    with written_whole(path) as beside, beside.open("wb") as file:
        numpy.savez_compressed(file, samples=samples[:HEARD].numpy())
    return path


def default_path(writer: Writer, stem: Path) -> Path:
    """Where samples go if nobody names a file: `stem` with the writer's first ending, if any."""
    return stem.with_name(f"{stem.name}{writer.endings[0]}") if writer.endings else stem


def grid_path(writer: Writer, stem: Path) -> Path:
    """Where samples go that are to be looked at: a picture, if the writer makes some of many."""
    if PICTURE in writer.endings:
        return stem.with_name(f"{stem.name}{PICTURE}")
    return default_path(writer, stem)


def pictures_of(kind: str, samples: Tensor, legend: Legend) -> Tensor:
    """Samples [N, *S] as pictures uint8 [N, C, H, W]; `UsageError` if the kind has none."""
    try:
        pictures = writer_of(kind).pictures(samples, legend)
    except UnknownNameError as error:
        raise UsageError(f"this shows pictures, and the model draws {kind}: {error}") from None
    if pictures is None:
        raise UsageError(f"this shows pictures, and {kind} has none")
    return pictures


def pictures_side_by_side(kind: str, samples: Tensor, legend: Legend, what: str) -> Tensor:
    """The same for a grid; `UsageError` too if a kind's pictures mean something in films alone."""
    if not writer_of(kind).side_by_side:
        raise UsageError(f"{what} shows pictures side by side, and the model draws {kind}")
    return pictures_of(kind, samples, legend)


@cache
def _warn_once(text: str) -> None:
    log.warning("%s", text)
