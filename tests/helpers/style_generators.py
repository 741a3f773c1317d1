"""Generators with styles: one that is right, and some that are wrong in one way each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import StyleGenerator


class TinyStyles(StyleGenerator):
    """Two layers that each add a style's projection; noise is drawn where it is asked for."""

    def __init__(
        self, latent_dim=4, style_dim=3, num_classes=None, noise=0.0, condition_shape=None
    ):
        super().__init__(style_dim, 2)
        self.latent_dim, self.sample_shape, self.num_classes = latent_dim, (2,), num_classes
        self.condition_shape = condition_shape
        told = (num_classes or 0) + (condition_shape or (0,))[0]
        self.mapping = nn.Linear(latent_dim + told, style_dim)
        self.draw = nn.ModuleList(nn.Linear(style_dim, 2) for _ in range(2))
        self.noise = noise

    def styles(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.num_classes is not None:
            one_hot = nn.functional.one_hot(labels, self.num_classes).float()
            latents = torch.cat([latents, one_hot], 1)
        if self.condition_shape is not None:
            latents = torch.cat([latents, labels], 1)
        return self.mapping(latents)[:, None].expand(-1, self.style_layers, -1)

    def synthesise(self, styles: Tensor, labels: Tensor | None = None) -> Tensor:
        made = sum(layer(styles[:, i]).tanh() for i, layer in enumerate(self.draw))
        return made + self.noise * torch.randn_like(made)


class Noisy(TinyStyles):
    """Right too: noise belongs to synthesis."""

    def __init__(self):
        super().__init__(noise=1.0)


class Keeps(TinyStyles):
    """Reads something that `styles` left on self."""

    def styles(self, latents, labels=None):
        self.seen = latents
        return super().styles(latents, labels)

    def synthesise(self, styles, labels=None):
        return super().synthesise(styles, labels) + self.seen[:, :2]


class Draws(TinyStyles):
    def styles(self, latents, labels=None):
        styles = super().styles(latents, labels)
        return styles + torch.randn_like(styles)


class Flat(TinyStyles):
    def styles(self, latents, labels=None):
        return super().styles(latents, labels)[:, 0]

    def synthesise(self, styles, labels=None):
        return super().synthesise(styles[:, None].expand(-1, 2, -1), labels)


class Silent(TinyStyles):
    def outputs(self, latents, labels=None):
        return {"samples": self(latents, labels)}


class Other(TinyStyles):
    def __init__(self):
        super().__init__()
        self.average_style = torch.zeros(7)
