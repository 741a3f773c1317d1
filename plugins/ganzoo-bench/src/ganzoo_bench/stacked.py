"""The DCGAN of Stacked-MNIST (Lin et al. 2018, section 4.2), of about 4.5 million parameters each.

Four convolutions of 5x5 with stride 2 lead from the image to maps of 2x2 and back. The
discriminator takes packs, whose images lie above each other as channels; nothing else grows with
the pack.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU
from ganzoo_bench.packing import check_pack, packed

#: Sides of the feature maps from the image down to 2, each half of the one before, rounded up.
SIDES = {28: (28, 14, 7, 4, 2), 32: (32, 16, 8, 4, 2)}
LEAK = 0.2  # Radford et al. 2016, section 4
INIT_STD = 0.02  # Radford et al. 2016, section 4


def sides(size: int) -> tuple[int, ...]:
    """The sides of the maps, or what sizes there are."""
    if size not in tuple(SIDES):  # [height, width] is no key
        raise ValueError(f"size is one of {', '.join(map(str, SIDES))}, found {size!r}")
    return SIDES[size]


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, INIT_STD)


def doubling(inputs: int, outputs: int, side: int, *, bias: bool) -> nn.ConvTranspose2d:
    """A transposed convolution of 5x5 to maps of this side, from maps of half of it, rounded up."""
    odd = side % 2
    return nn.ConvTranspose2d(
        inputs, outputs, 5, stride=2, padding=2, output_padding=1 - odd, bias=bias
    )


class StackedGenerator(Generator):
    """Latents [N, D], uniform in [-1, 1] -> images [N, C, size, size] in [-1, 1].

    `size` is 28 or 32, `width` the channels of the layer next to the image.
    """

    def __init__(
        self, latent_dim: int = 100, size: int = 28, channels: int = 3, width: int = 64
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        start, *growing = sides(size)[::-1]
        widths = [8 * width, 4 * width, 2 * width, width]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, widths[0] * start**2, bias=False),
            nn.Unflatten(1, (widths[0], start, start)),
        ]
        for (wide, narrow), side in zip(pairwise([*widths, channels]), growing, strict=True):
            layers += [
                nn.BatchNorm2d(wide),
                nn.ReLU(inplace=True),
                doubling(wide, narrow, side, bias=side == size),
            ]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.apply(initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> images [N, C, size, size] in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Latents [n, D], uniform in [-1, 1]."""
        return torch.rand(n, self.latent_dim, generator=rng) * 2 - 1


class StackedDiscriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N / pack]; batch norm sees the full batch."""

    def __init__(self, size: int = 28, channels: int = 3, width: int = 64, pack: int = 1) -> None:
        super().__init__()
        self.sample_shape = (channels, size, size)
        self.pack = check_pack(pack)
        widths = [width, 2 * width, 4 * width, 8 * width]
        layers: list[nn.Module] = [
            nn.Conv2d(pack * channels, width, 5, stride=2, padding=2),
            LeakyReLU(LEAK, inplace=True),
        ]
        for narrow, wide in pairwise(widths):
            layers += [
                nn.Conv2d(narrow, wide, 5, stride=2, padding=2, bias=False),
                nn.BatchNorm2d(wide),
                LeakyReLU(LEAK, inplace=True),
            ]
        score = nn.Linear(widths[-1] * sides(size)[-1] ** 2, 1)
        self.layers = nn.Sequential(*layers, nn.Flatten(), score)
        self.apply(initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] -> scores [N / pack]."""
        scores: Tensor = self.layers(packed(samples, self.pack))
        return scores.squeeze(1)
