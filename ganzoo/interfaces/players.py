"""The two players: generators and discriminators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import PartError


class Generator(nn.Module, ABC):
    """Turns latents into samples.

    `labels` are classes int64 [N] if `num_classes` is set, or conditions float32
    [N, *condition_shape] (such as pix2pix's source images) if `condition_shape` is set.
    """

    latent_dim: int
    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    condition_shape: tuple[int, ...] | None = None

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> samples [N, *S]; D may be 0."""

    def outputs(self, latents: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Everything that one pass publishes; `samples` is what `forward` returns."""
        return {"samples": self(latents, labels)}

    def sample_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Draw n latents [n, D] on the CPU; standard normal unless overridden."""
        return torch.randn(n, self.latent_dim, generator=rng)

    def calibration_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        """Latents [n, D] for recomputing batch statistics; those of `sample_latents` by default.

        Override it in a composite of several networks that see other data in training than in use.
        """
        return self.sample_latents(n, rng=rng)


class StyleGenerator(Generator):
    """A generator that draws from styles: one vector for each of its layers (Karras et al. 2019).

    `style_layers` is L and `style_dim` is W. `average_style` [W] is the mean style of many latents,
    towards which truncation moves. Training neither reads nor changes it: like batch statistics, it
    is recomputed from counted latents when an average is taken.
    """

    average_style: Tensor

    def __init__(self, style_dim: int, style_layers: int) -> None:
        super().__init__()
        self.style_dim, self.style_layers = style_dim, style_layers
        self.register_buffer("average_style", torch.zeros(style_dim))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep `forward` final, so that samples are always those of their styles."""
        super().__init_subclass__(**kwargs)
        if cls.forward is not StyleGenerator.forward:
            raise PartError(
                f"{cls.__name__} overrides forward, which is final in a StyleGenerator: it is "
                "synthesise of styles; write those two, and outputs to publish more"
            )

    @abstractmethod
    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> styles [N, L, W]; draws nothing in eval mode."""

    @abstractmethod
    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        """Styles [N, L, W] -> samples [N, *S]."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] and labels -> samples [N, *S]; final."""
        return self.synthesise(self.styles(latents, labels), labels)

    def outputs(self, latents: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """`samples` [N, *S], and the `styles` [N, L, W] from which they were drawn."""
        styles = self.styles(latents, labels)
        return {"samples": self.synthesise(styles, labels), "styles": styles}


class Discriminator(nn.Module, ABC):
    """Scores samples; higher is more real. Critics are discriminators too.

    `labels` are the generator's: classes if `num_classes` is set, conditions if `condition_shape`
    is set. Both players must declare the same, even if one ignores them. `independent` promises
    that a sample's score never depends on the rest of its batch, in train mode either (no batch
    norm, no packs); then a loss may score real and fake samples in one pass.
    """

    sample_shape: tuple[int, ...]
    num_classes: int | None = None
    condition_shape: tuple[int, ...] | None = None
    independent: bool = False

    @abstractmethod
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [N, *S] -> raw scores, never through a sigmoid.

        [N], or [N, K] for patches and scales, or [N / m] for packs of m.
        """

    def outputs(self, samples: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Everything that one pass publishes; `scores` is what `forward` returns."""
        return {"scores": self(samples, labels)}
