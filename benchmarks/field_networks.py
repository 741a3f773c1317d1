"""The networks that tutorials train on MNIST, as parts of a plugin.

They are perceptrons in the sizes that PyTorch-GAN made usual (784 to 512 to 256 to 1, 100 to 1024
to 784), and a convolutional pair of 32 pixels that repeats pixels before each convolution. They
use ganzoo's layers where those are faster, and one layer that is written here as anybody might
write it. The textbook's loop uses torch's layers instead.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, interpolate

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU, NarrowConv2d


class UpsampledConv2d(nn.Conv2d):
    """Repeat each pixel twice both ways, then convolve by 3x3: [N, C, H, W] -> [N, K, 2H, 2W].

    On repeated pixels, 9 taps see only 4 different values. A transposed convolution of 4x4 with
    stride 2 computes the same with less than half of the work.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1)
        # Output 2i takes w[0] of pixel i - 1 and w[1] + w[2] of i; output 2i + 1 takes
        # w[0] + w[1] of i and w[2] of i + 1. Row k is the tap k of the transposed convolution.
        taps = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
        self.register_buffer("taps", taps, persistent=False)
        self.taps: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] -> [N, K, 2H, 2W]."""
        if images.device.type != "cpu":
            return super().forward(interpolate(images, scale_factor=2.0))
        weight = torch.einsum("ai,koij,bj->okab", self.taps, self.weight, self.taps)
        return conv_transpose2d(images, weight, self.bias, stride=2, padding=1)


class Perceptron(Generator):
    """Latents [N, 100] -> images [N, 1, 28, 28]."""

    latent_dim, sample_shape = 100, (1, 28, 28)

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(100, 128), nn.LeakyReLU(0.2, inplace=True)]
        for inputs, outputs in pairwise((128, 256, 512, 1024)):
            layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs)]
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.layers = nn.Sequential(*layers, nn.Linear(1024, 784), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(latents).reshape(-1, 1, 28, 28)


class Judge(Discriminator):
    """Images [N, 1, 28, 28] -> scores [N]."""

    sample_shape, independent = (1, 28, 28), True

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 512),
            LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 256),
            LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 1),
            nn.Flatten(0),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(samples)


class Upsampler(Generator):
    """Latents [N, 100] -> images [N, 1, 32, 32], each stage repeating pixels and convolving."""

    latent_dim, sample_shape = 100, (1, 32, 32)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(100, 128 * 8 * 8),
            nn.Unflatten(1, (128, 8, 8)),
            nn.BatchNorm2d(128),
            UpsampledConv2d(128, 128),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2, inplace=True),
            UpsampledConv2d(128, 64),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2, inplace=True),
            NarrowConv2d(64, 1, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(latents)


class ConvolutionalJudge(Discriminator):
    """Images [N, 1, 32, 32] -> scores [N], with dropout and batch norm."""

    sample_shape = (1, 32, 32)

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (narrow, wide) in enumerate(pairwise((1, 16, 32, 64, 128))):
            layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1)]
            layers += [nn.LeakyReLU(0.2, inplace=True), nn.Dropout2d(0.25)]
            layers += [nn.BatchNorm2d(wide)] if number else []
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 1), nn.Flatten(0))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(samples)


#: The hooks of a plugin with these parts.
GENERATORS = {
    "field-mlp": f"{__name__}:Perceptron",
    "field-conv": f"{__name__}:Upsampler",
}
DISCRIMINATORS = {
    "field-mlp": f"{__name__}:Judge",
    "field-conv": f"{__name__}:ConvolutionalJudge",
}
sys.modules.setdefault("field_networks", sys.modules[__name__])
