"""Images of a folder as samples to measure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.build import build, needed_arguments
from ganzoo.data.devices import as_floats
from ganzoo.data.packing.decode import UnusableError, decode, suffixes, unreadable_suffixes
from ganzoo.data.packing.pack import said_reason
from ganzoo.data.packing.walk import FoundFile, shown, suffix_of, walk
from ganzoo.data.picture_form import KEEP, WHITE, Form
from ganzoo.errors import MetricError
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.sources import BATCH, SampleSource
from ganzoo.seeds import derive
from ganzoo.specs import Part

#: Images whose sizes are compared at once; the others when they are measured.
LOOKED_AT = 8


class FolderSource(SampleSource):
    """The images below a folder, all of one size, in a fixed random order of their paths.

    The order mixes the classes, as some figures are computed from the first images only. For an
    extractor that takes any images they get the channels of the data set they should resemble.
    Pictures of formats that cannot be read are left out, and a note names them.
    """

    def __init__(self, folder: Path, extractor: Extractor, data: Part) -> None:
        self.name = str(folder)
        unreadable = unreadable_suffixes()
        try:
            there = sorted(walk(folder, suffixes() | unreadable.keys()))
        except OSError as error:
            raise MetricError(f"{folder} cannot be read: {error.strerror}") from None
        reasons = [unreadable.get(suffix_of(os.fsdecode(file.path))) for file in there]
        files = [file for file, reason in zip(there, reasons, strict=True) if reason is None]
        self.notes = tuple(_left_out(there, reasons))
        if not files:
            raise MetricError(f"{folder} contains no images{_other_files(folder)}")
        self.size = len(files)
        rng = torch.Generator().manual_seed(derive("folder", self.size))
        order = torch.randperm(self.size, generator=rng).tolist()
        self._paths = [folder / os.fsdecode(files[number].path) for number in order]
        self.shape = extractor.sample_shape or (channels_of(data), *_sides(self._paths[0]))
        for path in self._paths[:LOOKED_AT]:  # before real samples are measured, which takes long
            self._check_size(path, *_sides(path))

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N of the images float32 [<= 500, C, H, W] in [-1, 1]; the seed changes nothing."""
        brightest = 0
        for start in range(0, n, BATCH):
            paths = self._paths[start : min(n, start + BATCH)]
            images = torch.stack([self._image(path) for path in paths])
            brightest = max(brightest, int(images[:, :3].max()))  # alpha aside
            yield as_floats(images)
        if brightest <= 1:
            raise MetricError(
                f"{self.name}: no pixel is above {brightest} of 255, all images are black; if the "
                "files hold values from 0 to 1, or 8 bits in 16, write them as bytes from 0 to 255"
            )

    def _image(self, path: Path) -> Tensor:
        """One image uint8 [C, H, W]; `MetricError` where it is broken or has another size."""
        channels, height, width = self.shape
        form = Form(height, width, channels, background=KEEP if channels == 4 else WHITE)
        with _naming(path):
            picture = decode(path, form)
        self._check_size(path, picture.height, picture.width)
        return torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8).view(self.shape)

    def _check_size(self, path: Path, height: int, width: int) -> None:
        if [height, width] != [*self.shape[1:]]:
            raise MetricError(
                f"{path}: {width}x{height} pixels, and {self.shape[2]}x{self.shape[1]} are "
                "measured; a resized image would be another one, so nothing is resized here"
            )


def channels_of(data: Part) -> int:
    """The channels of a data set's images; 3 where it takes any images and does not tell."""
    if channels := data.arguments.get("channels"):
        return int(channels)
    if "channels" in needed_arguments(Dataset, data):
        return 3
    shape = build(Dataset, data).sample_shape
    return shape[0] if len(shape) == 3 else 3


def _sides(path: Path) -> tuple[int, int]:
    """(Height, width) of an image, upright."""
    with _naming(path):
        picture = decode(path, Form(1, 1, 1))
    return picture.height, picture.width


def _left_out(files: Sequence[FoundFile], reasons: Sequence[str | None]) -> Iterator[str]:
    """A line for each reason why files are left out."""
    for reason in dict.fromkeys(filter(None, reasons)):
        paths = [file.path for file, why in zip(files, reasons, strict=True) if why == reason]
        named = said_reason((shown(paths[0]), reason, len(paths)))
        yield f"{len(paths):,} of {len(files):,} images are left out: {named}"


def _other_files(folder: Path) -> str:
    """What a folder without images holds instead."""
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not others:
        return ""
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return f" in a format that is read here; it holds {shown(os.fsencode(others[0]))}{more}"


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file that cannot be used."""
    try:
        yield
    except UnusableError as error:
        raise MetricError(
            f"{shown(os.fsencode(path))}: {error}; remove it, or make it again"
        ) from None


def is_image_folder(folder: Path | None) -> bool:
    """Whether a path is a folder that holds neither a model nor a run."""
    if folder is None or not folder.is_dir():
        return False
    return not any((folder / name).exists() for name in ("config.json", "export", "seeds.json"))
