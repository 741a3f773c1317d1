"""Figures of drawings: the right letter, one style, shares of attributes, a clean palette.

Each judges with this package's own extractors, whatever extractor the other figures use.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo_art.extractors import (
    WEIGHTS,
    AttributeExtractor,
    StyleExtractor,
    open_weights,
    read_config,
)

LETTERS = 26
#: Drawings that a network is shown at once.
BATCH = 500
#: The most colours that a pixel face has, and the side of its pixels' square.
COLOURS, SIDE = 16, 16
#: Levels of a channel that count as one colour's, of 256.
LEVELS = 16


class Sampler(Protocol):
    """A model that is told which letter to draw, such as `ganzoo.load` returns."""

    def sample(self, n: int, *, seed: int, labels: Tensor) -> Tensor:
        """Samples [n, 1, 32, 32] of labels [n], from latents that the seed alone decides."""


@cache
def judge(name: str) -> AttributeExtractor:
    """The extractor that tells attributes, opened once."""
    return open_weights(AttributeExtractor, name)


@cache
def style_judge() -> StyleExtractor:
    """The extractor that tells styles, opened once."""
    return open_weights(StyleExtractor, "style-letters")


# --- The right letter ---------------------------------------------------------------------------


@torch.no_grad()
def right_letter(batches: Iterable[Tensor], labels: Tensor) -> float:
    """The share of samples [N, 1, 32, 32] that `cnn-letters` takes for the letter asked for [N]."""
    found = torch.cat([judge("cnn-letters").logits(batch).argmax(1) for batch in batches])
    return float((found == labels).double().mean())


# --- One style ----------------------------------------------------------------------------------


@torch.no_grad()
def style_cosines(model: Sampler, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Cosines in `style-letters` of two unlike letters: of n same latents, and of other ones.

    The letters are drawn at random, from the seed. Other latents are the next one's.
    """
    rng = torch.Generator().manual_seed(seed)
    first = torch.randint(0, LETTERS, (n,), generator=rng)
    second = (first + torch.randint(1, LETTERS, (n,), generator=rng)) % LETTERS
    one, other = (
        torch.cat([style_judge().directions(some) for some in drawn.split(BATCH)])
        for drawn in (model.sample(n, seed=seed, labels=labels) for labels in (first, second))
    )
    unlike = first != second.roll(1)
    return (one * other).sum(1), (one * other.roll(1, 0)).sum(1)[unlike]


def judged_one_style(cosines: Tensor) -> float:
    """The share of pairs that `style-letters` judges to be of one font."""
    return float((cosines >= style_judge().threshold).double().mean())


def area(same: Tensor, apart: Tensor) -> float:
    """The chance that a pair of one style has the larger cosine, ties by half: the ROC's area."""
    ordered = apart.sort().values
    below = torch.searchsorted(ordered, same) + torch.searchsorted(ordered, same, right=True)
    return float(below.double().mean()) / (2 * len(apart))


def of_real_fonts(figure: str) -> float:
    """What `style-letters` reaches on test fonts, as its config says: "auc" or another figure."""
    return float(read_config(WEIGHTS / "style-letters")["figures"][figure])


# --- Shares of attributes -----------------------------------------------------------------------


@torch.no_grad()
def attribute_distances(name: str, batches: Iterable[Tensor]) -> dict[str, float]:
    """Each attribute's total variation: its winners' shares against the training drawings'.

    0 where every value is as frequent as there, 1 where none is shared. Both sides are as the
    extractor of that name tells them, so that its errors fall out.
    """
    extractor = judge(name)
    won = torch.cat([extractor.winners(batch) for batch in batches]).double().mean(0)
    gaps = (won - extractor.shares.double()).abs()
    return {key: float(of.sum()) / 2 for key, of in extractor.by_attribute(gaps).items()}


# --- A clean palette ----------------------------------------------------------------------------


def palette_distances(pictures: Tensor) -> Tensor:
    """How far pixels lie from their picture's 16 commonest colours: the mean of each, [N].

    Pictures [N, 3, H, H] in [-1, 1], brought to 16x16; distances are Euclidean, in levels of 255.
    A colour is a cell of 16 levels a channel, and lies where the mean of its pixels does. Real ones
    have 8 to 16 colours, and get 0.2, since two of theirs may lie in one cell.
    """
    small = avg_pool2d(pictures, pictures.shape[-1] // SIDE)
    pieces = (small + 1).mul(127.5).clamp(0, 255).flatten(2).transpose(1, 2).split(BATCH)
    return torch.cat([_to_palette(pixels) for pixels in pieces])


def _to_palette(pixels: Tensor) -> Tensor:
    """Pixels [N, P, 3] in [0, 255] -> their mean distance to the commonest colours [N]."""
    red, green, blue = pixels.div(LEVELS).long().unbind(2)
    cells = (red * LEVELS + green) * LEVELS + blue
    counts = pixels.new_zeros(len(pixels), LEVELS**3).scatter_add_(
        1, cells, torch.ones_like(pixels[..., 0])
    )
    sums = pixels.new_zeros(len(pixels), LEVELS**3, 3).scatter_add_(
        1, cells[..., None].expand(-1, -1, 3), pixels
    )
    often, common = counts.topk(COLOURS, dim=1)
    colours = sums.gather(1, common[..., None].expand(-1, -1, 3)) / often[..., None]
    distances = (pixels[:, :, None] - colours[:, None]).norm(dim=3)  # NaN to what is not there
    return distances.nan_to_num(float("inf")).amin(2).mean(1)
