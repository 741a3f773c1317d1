"""Draws, images and wrapped discriminators for tests of augmentation."""

from __future__ import annotations

import torch
from torch import nn

from ganzoo import Augmentation, Dataset
from ganzoo.augmentations import Augmented

#: The keys of a short training on digits.
IMAGES = {
    "generator": ("tiny", {"sample_shape": [1, 28, 28]}),
    "discriminator": ("tiny", {"sample_shape": [1, 28, 28]}),
    "data": "mnist-mini",
    "kind": "image",
}


def drawing(*values):
    """Draws that are given, one call after the other."""
    rest = list(values)

    def uniform(*shape):
        found = torch.tensor(rest.pop(0))
        assert found.shape == shape
        return found

    return uniform


def random(seed=0):
    """Uniform draws of a generator of their own."""
    rng = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.rand(shape, generator=rng)


def augmented(inner, *augmentations):
    """A discriminator that sees augmented samples."""
    return Augmented(inner, nn.ModuleList(augmentations), random(), random())


def numbered(n=1, side=8):
    """Images whose pixels are all different."""
    return torch.arange(1.0, n * 3 * side * side + 1).reshape(n, 3, side, side) / 1000


class FourChannels(Dataset):
    """Images with an alpha channel."""

    sample_shape = (4, 8, 8)

    def __len__(self):
        return 64

    def batch(self, indices):
        return (indices[:, None, None, None] / 32 - 1).expand(-1, 4, 8, 8), None


class Jitter(Augmentation):
    """Moves points, or anything else, a little."""

    def __init__(self, size=0.1):
        self.size = size

    def forward(self, samples, uniform, normal):
        return samples + self.size * normal(*samples.shape)


class Wide(Augmentation):
    """Makes more of every sample."""

    def forward(self, samples, uniform, normal):
        return torch.cat([samples, samples], 1)


class Failing(Augmentation):
    """Is for images, and does not say so."""

    def forward(self, samples, uniform, normal):
        return samples.flip(-3)


class Sounds(Augmentation):
    """Is for what has channels and time."""

    sample_dims = 2

    def forward(self, samples, uniform, normal):
        return samples.flip(-1)
