"""Networks for text: residual 1-D convolutions over characters (Gulrajani et al. 2017, section 6).

The paper's are 512 wide for windows of 32 characters; `width` makes them smaller. A generator's
sample is a distribution over the alphabet at each place; the critic sees it beside one-hot text.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator

#: Places that a convolution sees, and the share of its branch in a block, both the paper's.
KERNEL, SHARE = 5, 0.3


class ResidualBlock(nn.Module):
    """X + 0.3 f(x), with f two convolutions of 5 places, each after a ReLU: [N, width, length]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, length] -> the same shape."""
        branch: Tensor = self.layers(x)
        return x + SHARE * branch


def shape_of(sample_shape: Sequence[int]) -> tuple[int, int]:
    """The characters and the length of samples, checked."""
    if len(sample_shape) != 2 or min(sample_shape) < 2:
        raise ValueError(f"sample_shape is [characters, length], found {[*sample_shape]}")
    characters, length = sample_shape
    return characters, length


class TextGenerator(Generator):
    """Latents [N, D] -> distributions over characters [N, characters, length] in [0, 1]."""

    def __init__(
        self,
        sample_shape: Sequence[int] = (27, 13),
        latent_dim: int = 128,
        width: int = 64,
        blocks: int = 5,
    ) -> None:
        super().__init__()
        self.latent_dim, self.sample_shape = latent_dim, shape_of(sample_shape)
        characters, length = self.sample_shape
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width * length),
            nn.Unflatten(1, (width, length)),
            *(ResidualBlock(width) for _ in range(blocks)),
            nn.Conv1d(width, characters, 1),
        )

    def logits(self, latents: Tensor) -> Tensor:
        """Latents [N, D] -> unnormalised log probabilities [N, characters, length]."""
        logits: Tensor = self.layers(latents)
        return logits

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> probabilities [N, characters, length], 1 in sum over characters."""
        return self.logits(latents).softmax(1)


class GumbelGenerator(TextGenerator):
    """Draws each character by Gumbel-softmax (Jang et al. 2017), as RelGAN does (Nie et al. 2019).

    In training, samples are softmax((logits + g) / temperature) with g from Gumbel's distribution;
    a schedule of `temperature` moves them from smooth to nearly one-hot. In eval mode nothing is
    drawn: each character is the likeliest one, so that a text is a function of its latent.
    """

    def __init__(
        self,
        sample_shape: Sequence[int] = (27, 13),
        latent_dim: int = 128,
        width: int = 64,
        blocks: int = 5,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(sample_shape, latent_dim, width, blocks)
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, found {temperature}")
        self.temperature = temperature

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> characters [N, characters, length], drawn and relaxed in training."""
        logits = self.logits(latents)
        if self.training:
            gumbel = -torch.empty_like(logits).exponential_().log()
            return ((logits + gumbel) / self.temperature).softmax(1)
        return torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1.0)


class TextCritic(Discriminator):
    """Text, one-hot or relaxed [N, characters, length] -> scores [N], without any normalisation."""

    independent = True

    def __init__(
        self, sample_shape: Sequence[int] = (27, 13), width: int = 64, blocks: int = 5
    ) -> None:
        super().__init__()
        self.sample_shape = shape_of(sample_shape)
        characters, length = self.sample_shape
        self.layers = nn.Sequential(
            nn.Conv1d(characters, width, 1),
            *(ResidualBlock(width) for _ in range(blocks)),
            nn.Flatten(),
            nn.Linear(width * length, 1),
            nn.Flatten(0),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Text [N, characters, length] -> scores [N]."""
        scores: Tensor = self.layers(samples)
        return scores
