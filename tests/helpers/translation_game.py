"""A translating game: small pictures whose left half is the condition, and players of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import Dataset, Discriminator, Generator, OwnPictures
from ganzoo.plugins import PART_HOOKS, PluginSource
from tiny import tiny_plugin

SIDE, HALF = 8, 4


class Steps(Dataset):
    """Pictures [1, 8, 8] that are dark up to a column and bright from there; left half first."""

    sample_shape, condition_shape = (1, SIDE, SIDE), (1, SIDE, HALF)

    def __init__(self, split: str = "train", length: int = 96, paired: bool = True) -> None:
        rng = torch.Generator().manual_seed({"train": 0, "test": 1}[split])
        edges = torch.rand(length, 1, 1, 1, generator=rng) * SIDE
        self.pictures = (torch.arange(SIDE) - edges).clamp(-1, 1).expand(-1, 1, SIDE, SIDE)
        self.paired = paired

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        pictures = self.pictures[indices]
        return pictures, pictures[..., :HALF].contiguous()


class Shaded(Steps):
    """Its conditions of a user's pictures are their left halves, as bright as was chosen."""

    condition_options = {"shade": "a number from -1 to 1"}  # noqa: RUF012

    @classmethod
    def conditions_of(cls, pictures: OwnPictures, **arguments: object) -> Tensor:
        made = pictures.read(pictures.sample_shape)[..., :HALF].contiguous()
        shade = pictures.choices.get("shade")
        return made if shade is None else torch.full_like(made, float(shade))


class Sealed(Steps):
    """It may not be given away: its models carry other conditions, as many as `kept`."""

    kept = 3

    def kept_conditions(self) -> Tensor:
        return torch.linspace(-1, 1, self.kept)[:, None, None, None].expand(
            -1, *self.condition_shape
        )


class Undeclared(Steps):
    """It gives conditions and does not say so."""

    condition_shape = None


class Absent(Steps):
    """It promises conditions and gives none."""

    def batch(self, indices):
        return super().batch(indices)[0], None


class Whole(Steps):
    """Its conditions are bytes of another shape."""

    def batch(self, indices):
        pictures, _ = super().batch(indices)
        return pictures, (pictures * 100).byte()


class Both(Steps):
    """It has classes too."""

    num_classes = 2


class Placed(Steps):
    """Its conditions depend on the place in the batch."""

    def batch(self, indices):
        pictures, left = super().batch(indices)
        return pictures, left + torch.arange(len(left))[:, None, None, None]


class Translator(Generator):
    """Left halves -> pictures, with batch norm and dropped activations on the way."""

    sample_shape, condition_shape = (1, SIDE, SIDE), (1, SIDE, HALF)

    def __init__(self, latent_dim: int = 2, width: int = 16, condition_shape=(1, SIDE, HALF)):
        super().__init__()
        self.latent_dim = latent_dim
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.body = nn.Sequential(
            nn.Linear(latent_dim + SIDE * HALF, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, SIDE * SIDE),
            nn.Tanh(),
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        told = torch.cat([latents, labels[..., :HALF].flatten(1)], 1)
        return self.body(told).unflatten(1, self.sample_shape)


class Composite(Translator):
    """It is calibrated on latents that are none of those it is sampled from."""

    def calibration_latents(self, n: int, *, rng: torch.Generator) -> Tensor:
        return self.sample_latents(n, rng=rng) + 100


class Deaf(Translator):
    """It takes conditions and does not look at them."""

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(latents, torch.zeros(len(latents), 1, SIDE, HALF))


class ListShape(Translator):
    """Its condition_shape is a list."""

    def __init__(self) -> None:
        super().__init__()
        self.condition_shape = [1, SIDE, HALF]


class Judge(Discriminator):
    """Pictures beside left halves -> scores."""

    sample_shape, independent = (1, SIDE, SIDE), True

    def __init__(self, condition_shape=(1, SIDE, HALF)) -> None:
        super().__init__()
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.body = nn.Sequential(
            nn.Linear(SIDE * (SIDE + HALF), 32), nn.Softplus(), nn.Linear(32, 1)
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is None:
            labels = samples[..., :HALF]
        return self.body(torch.cat([samples, labels], 3).flatten(1)).squeeze(1)


class Skewed(Dataset):
    """Points around three places of which the first has 75%, the second 25%, the third nothing."""

    kind, sample_shape, num_classes, value_range = "tiny-points", (2,), 3, None

    def __init__(self, shares: tuple[float, ...] = (0.75, 0.25)) -> None:
        counts = (torch.tensor(shares) * 400).long()
        self.labels = torch.arange(len(counts)).repeat_interleave(counts)
        rng = torch.Generator().manual_seed(0)
        self.points = self.labels[:, None] + 0.1 * torch.randn(len(self.labels), 2, generator=rng)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return self.points[indices], self.labels[indices]


def translating_plugin() -> PluginSource:
    """The tiny plugin with every part above."""

    def targets(*parts: type) -> dict[str, str]:
        return {part.__name__.lower(): f"translation_game:{part.__name__}" for part in parts}

    return tiny_plugin(
        **{
            PART_HOOKS["generator"]: targets(Translator, Composite, Deaf, ListShape),
            PART_HOOKS["discriminator"]: targets(Judge),
            PART_HOOKS["dataset"]: targets(
                Steps, Shaded, Undeclared, Absent, Whole, Both, Placed, Skewed
            ),
        }
    )
