"""A critic that judges a text by its windows of a few characters."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ganzoo import Discriminator
from ganzoo_text.networks import shape_of

#: Slope of the leaky rectifiers below zero, as in DCGAN (Radford et al. 2016, section 3).
SLOPE = 0.2


class WindowCritic(Discriminator):
    """Text, one-hot or relaxed [N, characters, length] -> scores [N], without any normalisation.

    Each window of `window` characters, those that begin before or end after the text too, is scored
    by a multilayer perceptron of two hidden layers, and a text has the sum. Windows share the
    perceptron wherever they stand, so it learns from few texts which n-grams are wrong; what is
    more than a window apart it does not compare.
    """

    independent = True

    def __init__(
        self, sample_shape: Sequence[int] = (27, 13), width: int = 128, window: int = 5
    ) -> None:
        super().__init__()
        self.sample_shape = shape_of(sample_shape)
        if window < 1:
            raise ValueError(f"window must be 1 character or more, found {window}")
        self.layers = nn.Sequential(
            nn.Conv1d(self.sample_shape[0], width, window, padding=window - 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, width, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(width, 1, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Text [N, characters, length] -> scores [N]."""
        scores: Tensor = self.layers(samples)
        return scores.sum((1, 2))
