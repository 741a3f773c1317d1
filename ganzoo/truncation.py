"""Truncation: less variety for more typical samples.

With an average style, each style moves towards it (Karras et al. 2019, appendix B). Otherwise the
latents come from a normal that is cut on both sides (Brock et al. 2019, section 3.1). Either way a
seed draws the same pictures, which change smoothly with the number.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo.arguments import finite
from ganzoo.errors import UsageError
from ganzoo.interfaces import Generator, StyleGenerator


def truncated(generator: Generator, truncation: float) -> Generator:
    """A generator of truncated samples; at 1 the generator itself.

    `truncation` is 0 or more; 0 draws only the average style, or latents that are all 0.
    """
    truncation = finite("truncation", truncation, least=0)
    if truncation == 1:
        return generator
    if isinstance(generator, StyleGenerator):
        return TruncatedStyles(generator, truncation)
    return CutLatents(generator, truncation)


class TruncatedStyles(StyleGenerator):
    """A style generator whose styles move towards the average: avg + truncation (w - avg)."""

    def __init__(self, inner: StyleGenerator, truncation: float) -> None:
        super().__init__(inner.style_dim, inner.style_layers)
        self.inner, self.truncation = inner, truncation
        self.average_style = inner.average_style
        self.latent_dim, self.sample_shape = inner.latent_dim, inner.sample_shape
        self.num_classes = inner.num_classes
        self.training = inner.training

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """The inner generator's latents."""
        return self.inner.sample_latents(n, rng=rng)

    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels [N] -> styles [N, L, W], truncated."""
        return truncate_styles(
            self.inner.styles(latents, labels), self.average_style, self.truncation
        )

    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        """Styles [N, L, W] -> the inner generator's samples."""
        return self.inner.synthesise(styles, labels)


class CutLatents(Generator):
    """A generator with latents from a standard normal cut at 2 * truncation on both sides."""

    def __init__(self, inner: Generator, truncation: float) -> None:
        super().__init__()
        if getattr(inner.sample_latents, "__func__", None) is not Generator.sample_latents:
            raise UsageError(
                f"{type(inner).__name__} draws its own latents, not from a standard normal that "
                "could be cut, and has no styles: leave truncation at 1"
            )
        self.inner, self.cut = inner, 2.0 * truncation
        self.latent_dim, self.sample_shape = inner.latent_dim, inner.sample_shape
        self.num_classes = inner.num_classes
        self.training = inner.training

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Latents [n, D] within the cut: the inner generator's draws, each moved inwards."""
        return cut_normal(self.inner.sample_latents(n, rng=rng), self.cut)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> the inner generator's samples."""
        samples: Tensor = self.inner(latents, labels)
        return samples


def truncate_styles(styles: Tensor, average: Tensor, truncation: float) -> Tensor:
    """Styles [N, L, W] -> average + truncation (styles - average) (Karras et al. 2019, app. B)."""
    return average + truncation * (styles - average)


def cut_normal(values: Tensor, cut: float) -> Tensor:
    """Standard normal values -> values of the same rank, normal between -cut and cut.

    With F the normal's distribution function: F^-1(F(-cut) + F(x) (F(cut) - F(-cut))). For a
    symmetric cut that is root 2 times erf^-1(erf(cut / root 2) erf(x / root 2)).
    """
    root = math.sqrt(2.0)
    share = math.erf(cut / root)
    return (root * torch.erfinv(share * torch.erf(values.double() / root))).to(values)
