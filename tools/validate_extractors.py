"""Try the package's extractors on images that are plainly worse and worse.

    python tools/validate_extractors.py                       # writes docs/extractors.md and plots
    python tools/validate_extractors.py --data mnist --n 1000 --dry   # a quick look, nothing written

Does a metric in their features order them? Real training images are made worse step by step: noise, blur, occlusion, swirl, fewer classes, less
variety within each class. A distance has to grow at every step, coverage and recall have to fall
where variety is lost. Then: how the floor falls with n, whether extractors of other training seeds
(runs/extractors/, see tools/train_extractors.py) rank all those sets alike (Kendall's tau), and that
copies of the training set, to which distances are blind, are seen by the memorisation ratio.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2.functional import gaussian_blur

from ganzoo.evaluation.figures import measure
from ganzoo.evaluation.looking import look
from ganzoo.evaluation.real import both_hashes, drawn, make_reference, splits
from ganzoo.evaluation.references import Reference
from ganzoo.extractors import shipped
from ganzoo.files import write_text
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.seeds import derive
from ganzoo.specs import Part

DOCS = Path(__file__).parents[1] / "docs"
SEEDS = Path("runs/extractors")
DATA = {
    "mnist": ("cnn-mnist", "ae-mnist"),
    "fashion-mnist": ("cnn-fashion-mnist", "ae-fashion-mnist"),
}
FLOORS = (500, 1_000, 2_000, 5_000, 10_000)
SHOWN = ("fd", "kd", "precision", "recall", "density", "coverage", "swd")


def noise(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Gaussian noise of that deviation, cut to [-1, 1]."""
    return (images + level * torch.randn(images.shape, generator=rng)).clamp(-1, 1)


def blur(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Gaussian blur of that deviation, in pixels."""
    return gaussian_blur(images, [9, 9], [level, level])


def occlusion(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """A black square of that side, anywhere in the image."""
    side, size = int(level), images.shape[-1]
    corner = torch.randint(size - side + 1, (2, len(images), 1, 1), generator=rng)
    place = torch.arange(size)
    rows = (place[:, None] >= corner[0]) & (place[:, None] < corner[0] + side)
    columns = (place >= corner[1]) & (place < corner[1] + side)
    return images.masked_fill((rows & columns)[:, None], -1.0)


def swirl(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """A turn by that many radians in the middle, fading to none at the edge."""
    eye = torch.eye(2, 3).expand(len(images), 2, 3)
    grid = affine_grid(eye, list(images.shape), align_corners=False)
    angle = level * (1 - grid.norm(dim=-1)).clamp(min=0)
    x, y = grid.unbind(-1)
    turned = torch.stack([x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos()], -1)
    return grid_sample(images + 1, turned, align_corners=False) - 1


def fewer_classes(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Without that many classes; as many images, drawn again from the rest."""
    left = (labels >= level).nonzero().squeeze(1)
    return images[left[torch.randint(len(left), (len(images),), generator=rng)]]


def less_variety(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Only that many different images of each class, again and again."""
    made = torch.empty_like(images)
    for label in labels.unique():
        own = (labels == label).nonzero().squeeze(1)
        few = own[: int(level)]
        made[own] = images[few[torch.randint(len(few), (len(own),), generator=rng)]]
    return made


Worsen = Callable[[Tensor, Tensor, float, torch.Generator], Tensor]


@dataclass(frozen=True)
class Ladder:
    """One way to make images worse, at levels from mild to severe; which figures must move.

    `falls` are those that fall at every step; distances rise on every ladder.
    """

    name: str
    worsen: Worsen
    levels: tuple[float, ...]
    falls: tuple[str, ...]
    unit: str


LADDERS = (
    Ladder("noise", noise, (0.1, 0.2, 0.35, 0.5), ("precision", "density"), "deviation"),
    Ladder("blur", blur, (0.6, 0.9, 1.3, 1.8), ("precision", "density"), "pixels"),
    Ladder("occlusion", occlusion, (5, 8, 11, 14), ("precision", "density"), "pixels"),
    Ladder("swirl", swirl, (0.7, 1.2, 1.8, 2.5), ("precision", "density"), "radians"),
    Ladder("fewer classes", fewer_classes, (1, 3, 5, 8), ("recall", "coverage"), "classes"),
    Ladder("less variety", less_variety, (40, 20, 8, 3), ("recall", "coverage"), "images a class"),
)
DISTANCES = ("fd", "kd")


def climb(
    ladder: Ladder, extractor: Extractor, real: Reference, images: Tensor, labels: Tensor
) -> Iterator[dict[str, float]]:
    """The figures at each level of a ladder, from the untouched images up."""
    for level in (None, *ladder.levels):
        rng = torch.Generator().manual_seed(derive("validation", ladder.name))
        shown = images if level is None else ladder.worsen(images, labels, level, rng)
        yield measure(look(extractor, [shown], ladder.name), real)


def failures(ladder: Ladder, rows: list[dict[str, float]]) -> list[str]:
    """Which figures do not move as they must at every step of a ladder."""
    wrong = []
    for key in (*DISTANCES, *ladder.falls):
        sign = 1 if key in DISTANCES else -1
        values = [sign * row[key] for row in rows]
        slack = 0.005 if sign < 0 else 0.0  # shares of 2,000, which end at 0
        if any(
            later < earlier - slack or (sign > 0 and later == earlier)
            for earlier, later in zip(values, values[1:], strict=False)
        ):
            wrong.append(f"{ladder.name}: {key} " + " ".join(f"{row[key]:.3f}" for row in rows))
    return wrong


def kendall(one: list[float], two: list[float]) -> float:
    """Kendall's tau: concordant minus discordant pairs, over all pairs."""
    pairs = [(i, j) for i in range(len(one)) for j in range(i)]
    signs = (
        math.copysign(1, one[i] - one[j]) * math.copysign(1, two[i] - two[j]) for i, j in pairs
    )
    return sum(signs) / len(pairs)
