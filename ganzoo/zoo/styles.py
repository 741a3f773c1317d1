"""A style generator that is given styles in place of latents."""

from __future__ import annotations

from torch import Tensor

from ganzoo.errors import UsageError
from ganzoo.interfaces import Generator, StyleGenerator


class FromStyles(Generator):
    """Draws from styles [N, L, W], flattened to [N, L W] in place of latents."""

    def __init__(self, inner: StyleGenerator) -> None:
        super().__init__()
        self.inner = inner
        self.latent_dim = inner.style_layers * inner.style_dim
        self.sample_shape, self.num_classes = inner.sample_shape, inner.num_classes
        self.condition_shape, self.training = inner.condition_shape, inner.training

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Flattened styles [N, L W] -> the inner generator's samples."""
        styles = latents.reshape(-1, self.inner.style_layers, self.inner.style_dim)
        return self.inner.synthesise(styles, labels)


def checked_styles(generator: Generator, styles: Tensor, name: str) -> Tensor:
    """Styles [n, L, W] as they were given; `UsageError` if the model has none, or others."""
    if not isinstance(generator, StyleGenerator):
        raise UsageError(f"{name} has no styles: its generator is no StyleGenerator; give latents")
    shape = [generator.style_layers, generator.style_dim]
    if not isinstance(styles, Tensor) or list(styles.shape[1:]) != shape or not len(styles):
        size = list(styles.shape) if isinstance(styles, Tensor) else type(styles).__name__
        raise UsageError(f"{name} takes styles [n, {shape[0]}, {shape[1]}], found {size}")
    return styles
