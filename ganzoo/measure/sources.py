"""What is measured: a model's samples, or the images of a folder."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.build import build, needed_arguments
from ganzoo.conditions import conditioned, drawn_conditions, order
from ganzoo.data.packing.decode import UnusableError, decode, suffixes
from ganzoo.data.packing.walk import shown, walk
from ganzoo.data.picture_form import KEEP, WHITE, Form
from ganzoo.errors import MetricError
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.references import from_bytes
from ganzoo.seeds import derive
from ganzoo.specs import GENERATOR_FILE, Part
from ganzoo.zoo import Model, load

#: Samples drawn at once.
BATCH = 500


class Source(ABC):
    """Where samples of a shape come from: `size` of them, None where they are drawn."""

    name: str
    shape: tuple[int, ...]
    size: int | None = None
    #: The data set that it should resemble, where it says.
    data: Part | None = None
    #: Names the samples' origin for good: the sha256 of weights, or nothing.
    sha256: str | None = None
    #: The model that draws them, where there is one.
    model: Model | None = None
    #: What samples are drawn for, where that is not said by their number and seed.
    told: str = ""
    #: What else a reader of its figures has to know.
    notes: tuple[str, ...] = ()

    @abstractmethod
    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N samples float32 [<= 500, *S] of a seed."""

    def labels(self, n: int, seed: int) -> Tensor | None:
        """What n samples of a seed are asked for: labels or conditions; None of nothing."""
        return None

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The real samples [n, *S] that answer their conditions, where there are such."""
        return None


class ModelSource(Source):
    """Samples drawn from a model's average."""

    def __init__(self, what: str | Path, device: str = "cpu") -> None:
        self.model: Model = load(what, device=device)
        config = self.model.card.require_config()
        self.name, self.data = self.model.card.name, config.recipe.data
        self.shape = self.model.generator.sample_shape
        record = config.files.get(GENERATOR_FILE)
        self.sha256 = None if record is None else record.sha256
        self.told = self._said()
        if self.model.generator.condition_shape is not None:
            self.notes = (
                f"samples are drawn for the {self.told}: held against these, they may get a better "
                "figure than the floor, whose samples are of others",
            )

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N samples float32 [<= 500, *S] of a seed, labels or test conditions drawn with them."""
        network = self.model.generator
        if network.condition_shape is None:
            return self.model.batches(n, seed=seed, batch=BATCH)
        told = drawn_conditions(self._conditioned, n, seed=seed)
        return sampling.batches(network, n, seed=seed, labels=told, batch=BATCH)

    @cached_property
    def _conditioned(self) -> Dataset:
        """The test samples whose conditions the model is given."""
        shape = tuple(self.model.generator.condition_shape or ())
        return conditioned(self.model.card.require_config().recipe.data, shape)

    def _said(self) -> str:
        """What the protocol says of labels that are not drawn evenly."""
        if self.model.generator.condition_shape is not None:
            name = self.model.card.require_config().recipe.data.name
            return f"conditions of the test samples of {name.rpartition('/')[2]}"
        if not sampling.are_even(self.model.labeller.shares):
            return "labels in the shares of the training data"
        return ""

    def labels(self, n: int, seed: int) -> Tensor | None:
        """The labels or conditions that `batches` draws with the samples, where there are any."""
        if self.model.generator.condition_shape is None:
            return self.model.labels(n, seed=seed)
        return drawn_conditions(self._conditioned, n, seed=seed)[:]

    def targets(self, n: int, seed: int) -> Tensor | None:
        """The test samples [n, *S] that answer the conditions of `batches`, where they do."""
        if self.model.generator.condition_shape is None or not self._conditioned.paired:
            return None
        samples, _ = self._conditioned.batch(order(len(self._conditioned), n, seed))
        return samples.cpu()


class FolderSource(Source):
    """The images below a folder, all of one size, in a fixed random order of their paths.

    So the first of them, which some figures are of, are no class's alone. For an extractor that
    takes any images they get the channels of the data set that they should resemble.
    """

    def __init__(self, folder: Path, extractor: Extractor, data: Part) -> None:
        self.name = str(folder)
        try:
            files = sorted(walk(folder, suffixes()))
        except OSError as error:
            raise MetricError(f"{folder} cannot be read: {error.strerror}") from None
        if not files:
            raise MetricError(f"{folder} holds no images{_instead(folder)}")
        self.size = len(files)
        rng = torch.Generator().manual_seed(derive("folder", self.size))
        order = torch.randperm(self.size, generator=rng).tolist()
        self._paths = [folder / os.fsdecode(files[number].path) for number in order]
        self.shape = extractor.sample_shape or (channels_of(data), *_sides(self._paths[0]))

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        """N of the images float32 [<= 500, C, H, W] in [-1, 1]; the seed changes nothing."""
        brightest = 0
        for start in range(0, n, BATCH):
            paths = self._paths[start : min(n, start + BATCH)]
            images = torch.stack([self._image(path) for path in paths])
            brightest = max(brightest, int(images[:, :3].max()))  # whatever alpha is
            yield from_bytes(images)
        if brightest <= 1:
            raise MetricError(
                f"{self.name}: no pixel is above {brightest} of 255, all is black; if the files "
                "hold values from 0 to 1, or 8 bits in 16, write them as bytes from 0 to 255"
            )

    def _image(self, path: Path) -> Tensor:
        """One image uint8 [C, H, W]; `MetricError` where it is broken or of another size."""
        channels, height, width = self.shape
        form = Form(height, width, channels, background=KEEP if channels == 4 else WHITE)
        with _named(path):
            picture = decode(path, form)
        if (picture.width, picture.height) != (width, height):
            raise MetricError(
                f"{path}: {picture.width}x{picture.height} pixels, and {width}x{height} are "
                "measured; a resized image would be another one, so nothing is resized here"
            )
        return torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8).view(self.shape)


def _sides(path: Path) -> tuple[int, int]:
    """(Height, width) of an image, upright."""
    with _named(path):
        picture = decode(path, Form(1, 1, 1))
    return picture.height, picture.width


def channels_of(data: Part) -> int:
    """The channels of a data set's images; 3 where it takes any images and does not say."""
    if said := data.arguments.get("channels"):
        return int(said)
    if "channels" in needed_arguments(Dataset, data):
        return 3
    shape = build(Dataset, data).sample_shape
    return shape[0] if len(shape) == 3 else 3


def _instead(folder: Path) -> str:
    """What lies in a folder of no images, where it is not empty."""
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not others:
        return ""
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return f" whose format is read here; it holds {shown(os.fsencode(others[0]))}{more}"


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file that cannot be used."""
    try:
        yield
    except UnusableError as error:
        raise MetricError(
            f"{shown(os.fsencode(path))}: {error}; take it out, or make it again"
        ) from None


def is_image_folder(folder: Path | None) -> bool:
    """Whether the path that a WHAT stands for is a folder that holds no model and no run."""
    if folder is None or not folder.is_dir():
        return False
    return not any((folder / name).exists() for name in ("config.json", "export", "seeds.json"))
