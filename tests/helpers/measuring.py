"""What measuring needs, small: extractors, data sets, and real digits with their statistics."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from ganzoo import Dataset, Extractor
from ganzoo.data.devices import as_bytes
from ganzoo.data.mnist import MNISTMini
from ganzoo.extractors import open_extractor
from ganzoo.measure.real_statistics import both_hashes, make_reference, splits
from ganzoo.measure.references import Reference
from ganzoo.measure.sources import SampleSource
from ganzoo.plugins import PluginSource
from ganzoo.specs import Part
from tiny import make_plugin

SHAPE = (1, 4, 4)
MINI = Part("ganzoo/mnist-mini")


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TinyLinear(Extractor):
    """Samples [N, 1, 4, 4] -> features [N, 3], by a fixed matrix; counts what it is shown."""

    name, feature_dim, sample_shape = "tiny-linear", 3, SHAPE

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.matrix = nn.Parameter(normal(16, 3, seed=seed))
        self.shown = 0

    def forward(self, samples: Tensor) -> Tensor:
        self.shown += len(samples)
        return samples.flatten(1) @ self.matrix


class TinyClasses(TinyLinear):
    """The same, with two classes: whether the first feature is above 0."""

    name, num_classes = "tiny-classes", 2

    def logits(self, samples: Tensor) -> Tensor:
        first = self(samples)[:, :1]
        return torch.cat([-first, first], 1)


class TinyQuarters(Extractor):
    """Images [N, C, H, W] of any size -> features [N, 4]: the mean of each quarter."""

    name, feature_dim, value_range = "tiny-quarters", 4, None

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(2)

    def forward(self, samples: Tensor) -> Tensor:
        return self.pool(samples.mean(1)).flatten(1)


class TinyPictures(Dataset):
    """Images [1, 4, 4] whose values are no whole bytes; it has no split of its own."""

    sample_shape = SHAPE

    def __init__(self, length: int = 240, seed: int = 1) -> None:
        self.images = (normal(length, *SHAPE, seed=seed) * 0.4).clamp(-1, 1)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        return self.images[indices], None


def measuring_plugin(**more: dict[str, str]) -> PluginSource:
    """The plugin `small`: the data set and the extractors above, and what is given more."""
    offered = {
        "ganzoo_datasets": {"pictures": "measuring:TinyPictures"},
        "ganzoo_extractors": {
            "tiny-linear": "measuring:TinyLinear",
            "tiny-classes": "measuring:TinyClasses",
            "tiny-quarters": "measuring:TinyQuarters",
        },
    }
    return make_plugin("small", **{k: offered.get(k, {}) | v for k, v in (offered | more).items()})


class Given(SampleSource):
    """Samples [N, *S] of each seed, as they are given."""

    def __init__(self, **of_seeds: Tensor) -> None:
        self.name, self._of_seeds = "given", of_seeds
        self.shape = tuple(next(iter(of_seeds.values())).shape[1:])

    def batches(self, n: int, seed: int) -> Iterator[Tensor]:
        yield from torch.split(self._of_seeds[f"seed_{seed}"][:n], 100)


@functools.cache
def digits(split: str = "train") -> Tensor:
    """Real digits [2000 or 1000, 1, 28, 28]."""
    data = MNISTMini(split)
    return data.batch(torch.arange(len(data)))[0]


@functools.cache
def classifier() -> Extractor:
    """The package's extractor for digits."""
    return open_extractor("cnn-mnist")


@functools.cache
def mini_reference() -> Reference:
    """Statistics of mnist-mini in its features, with training samples and pixels."""
    train, test = splits(MINI)
    return make_reference(classifier(), MINI, train, test, both_hashes(train, test))


def tiny_reference(extractor: Extractor | None = None, **arguments: Any) -> Reference:
    """Statistics of `TinyPictures`; needs a world with `measuring_plugin`."""
    part = Part("small/pictures", arguments)
    train, test = splits(part)
    made = extractor or TinyLinear()
    return make_reference(made, part, train, test, both_hashes(train, test))


def same(one: Reference, two: Reference) -> bool:
    """Whether two references are equal, bit by bit."""
    pairs = [
        (one.moments.mean, two.moments.mean),
        (one.moments.covariance, two.moments.covariance),
        *((getattr(one, name), getattr(two, name)) for name in ("features", "shares")),
        *((getattr(one, name), getattr(two, name)) for name in ("training", "pixels")),
    ]
    equal = [a is b is None or (a is not None and b is not None and a.equal(b)) for a, b in pairs]
    return one.about == two.about and all(equal)


def write_digits(folder: Path, images: Tensor) -> Path:
    """Digits as PNG files: 00000.png, 00001.png, ... without waiting for the disk."""
    folder.mkdir(parents=True)
    for number, image in enumerate(as_bytes(images)):
        Image.fromarray(image[0].numpy()).save(folder / f"{number:05d}.png", compress_level=1)
    return folder
