"""The networks of the first GAN (Goodfellow et al. 2014, section 5): multilayer perceptrons.

The generator has rectified linear units, the discriminator maxout units with dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ganzoo import Discriminator, Generator


class MLPGenerator(Generator):
    """Latents [N, D] -> samples [N, *S] in [-1, 1] through rectified layers of the given widths.

    `batch_norm`, which is a year younger than the paper, is off by default.
    """

    def __init__(
        self,
        sample_shape: Sequence[int] = (1, 28, 28),
        latent_dim: int = 100,
        widths: Sequence[int] = (256, 512),
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = tuple(sample_shape)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([latent_dim, *widths]):
            layers.append(nn.Linear(inputs, outputs, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm1d(outputs))
            layers.append(nn.ReLU(inplace=True))
        last = widths[-1] if widths else latent_dim
        layers += [nn.Linear(last, prod(self.sample_shape)), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> samples [N, *S] in [-1, 1]."""
        samples: Tensor = self.layers(latents)
        return samples.reshape(-1, *self.sample_shape)


class Maxout(nn.Module):
    """The greatest of `pieces` linear maps: [N, F] -> [N, units] (Goodfellow et al. 2013)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = nn.Linear(inputs, units * pieces)

    def forward(self, features: Tensor) -> Tensor:
        """Features [N, inputs] -> [N, units]."""
        pieces: Tensor = self.linear(features)
        return pieces.reshape(-1, self.units, self.pieces).max(2).values  # amax: a third slower


class MLPDiscriminator(Discriminator):
    """Samples [N, *S] -> raw scores [N] through maxout layers of the given widths.

    In training, `dropout` is the share of each layer's units that are dropped, and `input_dropout`
    that of the inputs.
    """

    independent = True

    def __init__(
        self,
        sample_shape: Sequence[int] = (1, 28, 28),
        widths: Sequence[int] = (256, 256),
        pieces: int = 2,
        dropout: float = 0.3,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.sample_shape = tuple(sample_shape)
        layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(input_dropout)]
        for inputs, units in pairwise([prod(self.sample_shape), *widths]):
            layers += [Maxout(inputs, units, pieces), nn.Dropout(dropout)]
        self.features = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1] if widths else prod(self.sample_shape), 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> scores [N]."""
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`scores` [N], and `features` [N, F] of the last layer before them."""
        features: Tensor = self.features(samples)
        return {"scores": self.score(features).squeeze(1), "features": features}
