"""Both players, after pix2pix (Isola et al. 2017, section 3.2) at the size of a digit."""

import torch
from torch import nn

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU
from ganzoo_halves.halves import HALF, SIDE


class Continuing(Generator):
    """Left halves [N, 1, 28, 14] and latents [N, D] -> whole digits [N, 1, 28, 28].

    A U-Net whose input is mirrored: what touches the seam then lies where it has to go on, and the
    skip connections carry it over. The latents stand in for the paper's dropout.
    """

    sample_shape = (1, SIDE, SIDE)
    condition_shape = (1, SIDE, HALF)

    def __init__(self, latent_dim=8, width=16):
        super().__init__()
        self.latent_dim = latent_dim
        self.first = nn.Conv2d(1, width, 3, 1, 1)  # 28 x 14
        self.down = self._block(width, 2 * width, nn.Conv2d(width, 2 * width, 4, 2, 1))  # 14 x 7
        self.deep = self._block(
            2 * width, 4 * width, nn.Conv2d(2 * width, 4 * width, 3, 2, 1)
        )  # 7 x 4
        self.whole = nn.Linear(4 * width * 7 * 4 + latent_dim, 4 * width * 7 * 4)
        self.up = self._block(
            4 * width, 2 * width, nn.ConvTranspose2d(4 * width, 2 * width, (4, 3), 2, 1)
        )  # 14 x 7
        self.out = self._block(
            4 * width, width, nn.ConvTranspose2d(4 * width, width, 4, 2, 1)
        )  # 28 x 14
        self.last = nn.Conv2d(2 * width, 1, 3, 1, 1)

    @staticmethod
    def _block(inputs, outputs, layer):
        return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, latents, labels=None):
        first = self.first(labels.flip(3))
        down = self.down(first)
        deep = self.deep(down)
        flat = self.whole(torch.cat([deep.flatten(1), latents], 1))
        up = self.up((deep + flat.unflatten(1, deep.shape[1:])).relu())
        out = self.out(torch.cat([up, down], 1))
        right = self.last(torch.cat([out, first], 1)).tanh()
        return torch.cat([labels, right], 3)


class Judging(Discriminator):
    """Digits [N, 1, 28, 28] -> a score for each of 49 patches; the left half is the condition's."""

    sample_shape = (1, SIDE, SIDE)
    condition_shape = (1, SIDE, HALF)
    independent = True

    def __init__(self, width=32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 4, 2, 1),
            LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, 1, 1),
        )

    def forward(self, samples, labels=None):
        return self.layers(torch.cat([labels, samples[..., HALF:]], 3)).flatten(1)
