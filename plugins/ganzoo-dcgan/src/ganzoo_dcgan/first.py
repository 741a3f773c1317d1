"""DCGAN in its first layout, which many public scripts use: convolutions from end to end.

The authors' code of 2015 and the scripts that follow it begin with a transposed convolution of the
latent as a 1x1 map, and end with a convolution to a single score, all without bias. Layers form one
sequence, so that weights saved by such a script fit (`ganzoo import`).
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Discriminator, Generator
from ganzoo_dcgan.networks import LEAK, check, initialise, widths

#: Sides that halve to 4: the first map of 4x4 comes from one kernel.
SIZES = (32, 64, 128)


def check_size(size: int, channels: int) -> None:
    """Refuse arguments for which this layout has no layers."""
    check(size, channels)
    if size not in SIZES:
        squares = "" if isinstance(size, int) else "the scripts make squares: "
        raise ValueError(f"{squares}size is one of {', '.join(map(str, SIZES))}, found {size!r}")


class FirstGenerator(Generator):
    """Latents [N, D] -> images [N, C, size, size] in [-1, 1].

    `size` is 32, 64 or 128; `width` is the number of channels next to the image.
    """

    def __init__(
        self, latent_dim: int = 100, size: int = 64, channels: int = 3, width: int = 64
    ) -> None:
        super().__init__()
        check_size(size, channels)
        self.latent_dim = latent_dim
        self.sample_shape = (channels, size, size)
        sizes = widths(size, width)[::-1]
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent_dim, sizes[0], 4, stride=1, padding=0, bias=False),
            nn.BatchNorm2d(sizes[0]),
            nn.ReLU(inplace=True),
        ]
        for wide, narrow in pairwise(sizes):
            layers += [
                nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(narrow),
                nn.ReLU(inplace=True),
            ]
        layers += [
            nn.ConvTranspose2d(sizes[-1], channels, 4, stride=2, padding=1, bias=False),
            nn.Tanh(),
        ]
        self.main = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> images [N, C, size, size] in [-1, 1]."""
        images: Tensor = self.main(latents[:, :, None, None])
        return images


class FirstDiscriminator(Discriminator):
    """Images [N, C, size, size] -> raw scores [N], without the final sigmoid of such scripts."""

    def __init__(self, size: int = 64, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        check_size(size, channels)
        self.sample_shape = (channels, size, size)
        sizes = widths(size, width)
        layers: list[nn.Module] = [
            nn.Conv2d(channels, sizes[0], 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(LEAK, inplace=True),
        ]
        for narrow, wide in pairwise(sizes):
            layers += [
                nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(wide),
                nn.LeakyReLU(LEAK, inplace=True),
            ]
        layers.append(nn.Conv2d(sizes[-1], 1, 4, stride=1, padding=0, bias=False))
        self.main = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images [N, C, size, size] -> scores [N]."""
        scores: Tensor = self.main(samples)
        return scores.flatten()
