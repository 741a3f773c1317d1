"""Two DCGANs with the settings that their authors publish, as plain loops.

`pytorch-gan` is that of PyTorch-GAN (implementations/dcgan at its defaults: 32 pixels, repeated
pixels before 3x3 convolutions, batch norm with 0.8 for its epsilon, dropout in the discriminator,
batches of 64). `tutorial` is the DCGAN of the PyTorch tutorial "DCGAN Tutorial" (64 pixels, 512 to
64 channels, batches of 128), with one channel for grey digits. Both play the non-saturating game
with Adam at 2e-4 (0.5, 0.999), draw convolutions from N(0, 0.02), and keep no average. The loops
are written from these settings, with torch's layers and a DataLoader over PIL images.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from textbook import batches
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

LATENTS = 100
#: PyTorch-GAN passes 0.8 where torch's layer takes its epsilon.
EPSILON = 0.8


def initialise(module: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02), and scales of batch norm from N(1, 0.02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def repeating_generator() -> nn.Module:
    """PyTorch-GAN's generator: latents [N, 100] -> images [N, 1, 32, 32]."""
    layers: list[nn.Module] = [
        nn.Linear(LATENTS, 128 * 8 * 8),
        nn.Unflatten(1, (128, 8, 8)),
        nn.BatchNorm2d(128),
    ]
    for inputs, outputs in pairwise((128, 128, 64)):
        layers += [
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs, EPSILON),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(64, 1, 3, padding=1), nn.Tanh())


def dropping_discriminator() -> nn.Module:
    """PyTorch-GAN's discriminator: images [N, 1, 32, 32] -> scores [N, 1] before the sigmoid."""
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise((1, 16, 32, 64, 128))):
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Dropout2d(0.25),
            *([nn.BatchNorm2d(outputs, EPSILON)] if number else []),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 1))


def tutorial_generator() -> nn.Module:
    """The tutorial's generator: latents [N, 100] -> images [N, 1, 64, 64]."""
    layers: list[nn.Module] = [nn.Unflatten(1, (LATENTS, 1, 1))]
    for number, (inputs, outputs) in enumerate(pairwise((LATENTS, 512, 256, 128, 64))):
        stride, padding = (2, 1) if number else (1, 0)
        layers += [
            nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False), nn.Tanh())


def tutorial_discriminator() -> nn.Module:
    """The tutorial's discriminator: images [N, 1, 64, 64] -> scores [N, 1] before the sigmoid."""
    layers: list[nn.Module] = [nn.Conv2d(1, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for inputs, outputs in pairwise((64, 128, 256, 512)):
        layers += [
            nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten())


class PublishedDCGAN:
    """Both networks with their optimizers, and the turns of one step on a batch of real images."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        size: int,
        batch: int,
        generator_first: bool,
    ) -> None:
        self.generator = generator.apply(initialise)
        self.discriminator = discriminator.apply(initialise)
        self.size, self.batch = size, batch
        self.generator_first = generator_first
        self.for_generator, self.for_discriminator = (
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for network in (self.generator, self.discriminator)
        )

    def step(self, real: Tensor) -> None:
        """A turn of each player on the same fakes."""
        fake = self.generator(torch.randn(len(real), LATENTS))
        if self.generator_first:
            self.generator_turn(fake)
            self.discriminator_turn(real, fake)
        else:
            self.discriminator_turn(real, fake)
            self.generator_turn(fake)

    def generator_turn(self, fake: Tensor) -> None:
        """Move the generator so that its fakes are taken for real."""
        self.for_generator.zero_grad()
        self.loss(fake, 1.0).backward()
        self.for_generator.step()

    def discriminator_turn(self, real: Tensor, fake: Tensor) -> None:
        """Move the discriminator so that it tells real from fake."""
        self.for_discriminator.zero_grad()
        (self.loss(real, 1.0) + self.loss(fake.detach(), 0.0)).backward()
        self.for_discriminator.step()

    def loss(self, images: Tensor, answer: float) -> Tensor:
        """The cross entropy of the discriminator's scores and an answer for all images."""
        scores = self.discriminator(images)
        return binary_cross_entropy_with_logits(scores, torch.full_like(scores, answer))

    def real(self, images: Tensor) -> Iterator[Tensor]:
        """Endless batches of grey images uint8 [M, 1, H, W], as a DataLoader gives them."""
        return batches(images, self.batch, self.size)

    @torch.no_grad()
    def samples(self, n: int, seed: int) -> Tensor:
        """[n, 1, size, size] in batches of the training's size and mode, as the authors sample."""
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(-(-n // self.batch) * self.batch, LATENTS, generator=rng)
        statistics = {k: v.clone() for k, v in self.generator.state_dict().items()}
        images = torch.cat([self.generator(part) for part in latents.split(self.batch)])
        self.generator.load_state_dict(statistics)
        return images[:n]


def pytorch_gan() -> PublishedDCGAN:
    """PyTorch-GAN's; Adam does not see that its discriminator's loss is half of the sum."""
    return PublishedDCGAN(
        repeating_generator(), dropping_discriminator(), size=32, batch=64, generator_first=True
    )


def tutorial() -> PublishedDCGAN:
    """The PyTorch tutorial's."""
    return PublishedDCGAN(
        tutorial_generator(), tutorial_discriminator(), size=64, batch=128, generator_first=False
    )


PUBLISHED = {"pytorch-gan": pytorch_gan, "tutorial": tutorial}
