"""A model of pictures whose units and attributes are known: bright halves, left and right."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo import Dataset, Extractor, Generator
from ganzoo.plugins import PluginSource
from ganzoo.specs import Part
from ganzoo.weights import save_weights
from model_folders import describe
from tiny import TinyDiscriminator, tiny_plugin


class Paint(nn.Module):
    """Latents [N, 2] -> maps [N, 4, 4, 4]: left, right, always 0.01, never."""

    def __init__(self) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.ones(1))

    def forward(self, latents: Tensor) -> Tensor:
        maps = latents.new_zeros(len(latents), 4, 4, 4)
        maps[:, 0, :, :2] = (self.strength * latents[:, 0]).relu()[:, None, None]
        maps[:, 1, :, 2:] = (self.strength * latents[:, 1]).relu()[:, None, None]
        maps[:, 2] = 0.01
        return maps


class Blobs(Generator):
    """Latents [N, 2] -> pictures [N, 1, 16, 16]: the left half is bright where the first is > 0."""

    latent_dim, sample_shape = 2, (1, 16, 16)

    def __init__(self) -> None:
        super().__init__()
        self.paint = Paint()

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        drawn = self.paint(latents).sum(1, keepdim=True)
        return (drawn.repeat_interleave(4, 2).repeat_interleave(4, 3) - 1).clamp(-1, 1)


class BlobJudge(Extractor):
    """Judges whether each half is bright."""

    name, feature_dim = "blob-judge", 2

    def __init__(self) -> None:
        super().__init__()
        self.value_names = {"left": ("none", "bright"), "right": ("none", "bright")}

    def forward(self, samples: Tensor) -> Tensor:
        return torch.stack([half.flatten(1).mean(1) for half in samples.chunk(2, 3)], 1)

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        features = self(samples)
        scores = torch.stack([torch.zeros_like(features), 40 * (features + 0.95)], 2)
        return {
            "features": features,
            "attribute:left": scores[:, 0],
            "attribute:right": scores[:, 1],
        }


class BlobPictures(Dataset):
    """Black pictures: nothing is trained on them."""

    sample_shape, extractor = (1, 16, 16), "blob-judge"

    def __len__(self) -> int:
        return 4

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        return -torch.ones(len(indices), 1, 16, 16), None


class Silent(BlobPictures):
    """The same with no extractor."""

    extractor = None


def blobs_plugin() -> PluginSource:
    """The tiny plugin with these parts."""
    return tiny_plugin(
        ganzoo_generators={"blobs": "blobs:Blobs"},
        ganzoo_datasets={"blobs": "blobs:BlobPictures", "silent": "blobs:Silent"},
        ganzoo_extractors={"blob-judge": "blobs:BlobJudge"},
    )


def write_blobs(folder: Path, data: str = "tiny/blobs", generator: Generator | None = None) -> Path:
    """A model folder of these parts, in a world with their plugin."""
    folder.mkdir(parents=True)
    save_weights(folder / "model.safetensors", generator or Blobs(), Part("tiny/blobs"))
    save_weights(folder / "discriminator.safetensors", TinyDiscriminator(), Part("tiny/tiny"))
    return describe(
        folder,
        name="blobs",
        kind="image",
        generator={"name": "tiny/blobs"},
        recipe={"loss": {"name": "ganzoo/hinge"}, "data": {"name": data}},
    )
