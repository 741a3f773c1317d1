"""Small real parts: what the interfaces alone ask for, and nothing more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Dataset, Discriminator, Generator, hookimpl
from ganzoo.plugins import PART_HOOKS, PluginSource


class TinyGenerator(Generator):
    """Latents [N, D] -> samples [N, *S] through one hidden layer."""

    def __init__(self, sample_shape=(2,), latent_dim=4, width=32, num_classes=None):
        super().__init__()
        self.latent_dim = latent_dim
        self.sample_shape = tuple(sample_shape)
        self.num_classes = num_classes
        inputs = latent_dim + (num_classes or 0)
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, math.prod(self.sample_shape))
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.num_classes is not None:
            one_hot = nn.functional.one_hot(labels, self.num_classes).float()
            latents = torch.cat([latents, one_hot], 1)
        return self.layers(latents).unflatten(1, self.sample_shape)


class TinyDiscriminator(Discriminator):
    """Samples [N, *S] -> scores [N] through one hidden layer, smooth enough for penalties."""

    def __init__(self, sample_shape=(2,), width=32, num_classes=None):
        super().__init__()
        self.sample_shape = tuple(sample_shape)
        self.num_classes = num_classes
        inputs = math.prod(self.sample_shape) + (num_classes or 0)
        self.layers = nn.Sequential(nn.Linear(inputs, width), nn.Softplus(), nn.Linear(width, 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        flat = samples.flatten(1)
        if self.num_classes is not None:
            flat = torch.cat([flat, nn.functional.one_hot(labels, self.num_classes).float()], 1)
        return self.layers(flat).squeeze(1)


class TinyRing(Dataset):
    """Eight Gaussians on a circle of radius 1, sigma 0.05; the labels are the modes."""

    kind = "tiny-points"
    sample_shape = (2,)
    num_classes = 8
    value_range = None

    def __init__(self, length: int = 4096):
        rng = torch.Generator().manual_seed(0)
        self.labels = torch.arange(length) % 8
        angles = self.labels * (2 * math.pi / 8)
        centres = torch.stack([angles.cos(), angles.sin()], 1)
        self.points = centres + 0.05 * torch.randn(length, 2, generator=rng)

    def __len__(self) -> int:
        return len(self.points)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return self.points[indices], self.labels[indices]


def write_points(samples: Tensor, path: Any) -> list[Any]:
    """Write points as lines of text."""
    path = path.with_suffix(".txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f"{x:.4f} {y:.4f}" for x, y in samples.tolist()))
    return [path]


def make_plugin(name: str, *, api: Any = 1, **returned: Any) -> PluginSource:
    """A plugin of the distribution `name`, whose hooks return what is given.

    `make_plugin("one", ganzoo_losses={"mine": "tiny:Mine"})`; a callable is called by the hook.
    """
    module = ModuleType(f"plugin_of_{name}")
    module.ganzoo_api = api
    for hook, value in returned.items():
        module.__dict__[hook] = as_hook(hook, value)
    return PluginSource(name, "1.0", lambda: module)


def as_hook(name: str, value: Any) -> Any:
    """A hook that returns a value, or what calling it gives."""

    def hook() -> Any:
        return value() if callable(value) else value

    hook.__name__ = name
    return hookimpl(hook)


#: The tiny parts as a plugin, for training tests.
TINY: Mapping[str, Mapping[str, str]] = {
    PART_HOOKS["generator"]: {"tiny": "tiny:TinyGenerator"},
    PART_HOOKS["discriminator"]: {"tiny": "tiny:TinyDiscriminator"},
    PART_HOOKS["dataset"]: {"tiny-ring": "tiny:TinyRing"},
    PART_HOOKS["writer"]: {"tiny-points": "tiny:write_points"},
}


def tiny_plugin(**more: Any) -> PluginSource:
    """The plugin `tiny`: generator, discriminator, a ring, a writer, and what is given more."""
    merged: dict[str, Any] = {hook: dict(parts) for hook, parts in TINY.items()}
    for hook, value in more.items():
        merged[hook] = {**merged[hook], **value} if hook in merged else value
    return make_plugin("tiny", **merged)
