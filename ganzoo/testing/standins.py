"""Plain players and data that stand in where a game lacks a part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo.interfaces import Dataset, Discriminator, Generator
from ganzoo.seeds import derive
from ganzoo.specs import (
    CONFIG_VERSION,
    GENERATOR_FILE,
    Data,
    ModelConfig,
    Part,
    Recipe,
    write_record,
)
from ganzoo.specs.reading import to_json
from ganzoo.weights import save_weights
from ganzoo.zoo import Model, load

WIDTH = 64
#: The shares of a pattern that all samples have in common and that belong to its class; the rest
#: is noise.
SHARED, OWN = 0.6, 0.3


class PlainGenerator(Generator):
    """Latents [N, D] -> samples [N, *S] through one hidden layer.

    Samples lie in `value_range`; None sets no bounds.
    """

    def __init__(
        self,
        sample_shape: Sequence[int] = (2,),
        latent_dim: int = 8,
        num_classes: int | None = None,
        value_range: Sequence[float] | None = None,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim, self.sample_shape = latent_dim, tuple(sample_shape)
        self.num_classes, self.value_range = num_classes, value_range
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        inputs = latent_dim + (num_classes or 0) + _size(condition_shape)
        self.layers = nn.Sequential(
            nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, prod(self.sample_shape))
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels [N] -> samples [N, *S]."""
        made: Tensor = self.layers(_with_labels(latents, labels, self.num_classes))
        if self.value_range is not None:
            low, high = self.value_range
            made = low + (high - low) * (made.tanh() + 1) / 2
        return made.reshape(-1, *self.sample_shape)


class PlainDiscriminator(Discriminator):
    """Samples [N, *S] -> scores [N] through one hidden layer, smooth enough for penalties."""

    independent = True

    def __init__(
        self,
        sample_shape: Sequence[int] = (2,),
        num_classes: int | None = None,
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.sample_shape, self.num_classes = tuple(sample_shape), num_classes
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        inputs = prod(self.sample_shape) + (num_classes or 0) + _size(condition_shape)
        self.layers = nn.Sequential(nn.Linear(inputs, WIDTH), nn.Softplus(), nn.Linear(WIDTH, 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] and labels [N] -> scores [N]."""
        scores: Tensor = self.layers(_with_labels(samples.flatten(1), labels, self.num_classes))
        return scores.squeeze(1)


class Patterns(Dataset):
    """512 samples of any shape that are quick to learn: waves along the last axis, and noise.

    All samples share a wave of one period, and each class has one of its own. Their mean is near
    the middle of the range, so that batch norm in a discriminator hides nothing that matters. With
    a `condition_shape` the labels are noise of that shape, unrelated to the samples.
    """

    kind = "patterns"
    length = 512

    def __init__(
        self,
        sample_shape: Sequence[int] = (2,),
        num_classes: int = 4,
        value_range: Sequence[float] | None = (-1.0, 1.0),
        condition_shape: Sequence[int] | None = None,
    ) -> None:
        self.sample_shape, self.paired = tuple(sample_shape), False
        self.num_classes = None if condition_shape is not None else num_classes
        low, high = (-1.0, 1.0) if value_range is None else value_range
        self.value_range = None if value_range is None else (low, high)
        self.labels = torch.arange(self.length) % num_classes
        places = torch.arange(self.sample_shape[-1]) / self.sample_shape[-1]
        own = (places + self.labels[:, None] / num_classes).mul(4 * math.pi).sin()
        waves = SHARED * (2 * math.pi * places).cos() + OWN * own
        rng = torch.Generator().manual_seed(derive("patterns"))
        noise = torch.rand(self.length, *self.sample_shape, generator=rng) * 2 - 1
        between = [1] * (len(self.sample_shape) - 1)
        samples = waves.reshape(self.length, *between, -1) + (1 - SHARED - OWN) * noise
        self.samples = low + (high - low) * (samples + 1) / 2
        if condition_shape is not None:
            self.condition_shape = tuple(condition_shape)
            self.labels = torch.rand(self.length, *condition_shape, generator=rng) * 2 - 1

    def __len__(self) -> int:
        return self.length

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Indices [N] -> samples [N, *S] and their classes [N], or conditions."""
        return self.samples[indices], self.labels[indices]


def plain_model(folder: Path, num_classes: int | None = None) -> Model:
    """A model of small images in a new folder, made of the stand-ins as they are drawn."""
    arguments = {"sample_shape": [1, 8, 8], "num_classes": num_classes}
    part = Part("ganzoo-testing/plain", {**arguments, "value_range": [-1.0, 1.0]})
    torch.default_generator.manual_seed(derive("plain-model"))
    generator = PlainGenerator(**part.arguments)
    folder.mkdir()
    config = ModelConfig(
        ganzoo_config=CONFIG_VERSION,
        generator=part,
        discriminator=Part("ganzoo-testing/plain", arguments),
        recipe=Recipe(loss=Part("ganzoo/hinge"), data=Data("ganzoo-testing/patterns")),
        files={GENERATOR_FILE: save_weights(folder / GENERATOR_FILE, generator, part)},
    )
    (folder / "config.json").write_text(to_json(write_record(config)), encoding="utf-8")
    return load(folder)


def _size(condition_shape: Sequence[int] | None) -> int:
    """The number of values in a condition; 0 without conditions."""
    return 0 if condition_shape is None else prod(condition_shape)


def _with_labels(inputs: Tensor, labels: Tensor | None, num_classes: int | None) -> Tensor:
    """Inputs [N, F] with classes (one-hot) or conditions appended, if there are any."""
    if labels is None:
        return inputs
    if labels.is_floating_point():
        return torch.cat([inputs, labels.flatten(1)], 1)
    if num_classes is None:
        return inputs
    return torch.cat([inputs, one_hot(labels, num_classes).float()], 1)
