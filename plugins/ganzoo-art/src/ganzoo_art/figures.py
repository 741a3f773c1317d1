"""Figures of drawings: the right letter, one style, shares of attributes, a clean palette.

Each uses this package's extractors, independently of the other figures' extractor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo import Dataset, Figure, FigureInput
from ganzoo_art.extractors import (
    WEIGHTS,
    AttributeExtractor,
    StyleExtractor,
    open_weights,
    read_config,
)
from ganzoo_art.letters import Letters
from ganzoo_art.portraits import Faces, PixelFaces

LETTERS = 26
#: Pairs of letters, and drawings whose attributes or palettes are measured.
PAIRS, SOME = 2_000, 2_000
#: Drawings in a batch of an extractor.
BATCH = 500
#: The most colours of a pixel face, and its side in pixels.
COLOURS, SIDE = 16, 16
#: Levels of a channel that count as one colour, and the number of such groups.
LEVELS = 16


class Sampler(Protocol):
    """A model that draws a given letter, such as `ganzoo.load` returns."""

    def sample(self, n: int, *, seed: int, labels: Tensor) -> Tensor:
        """Samples [n, 1, 32, 32] of labels [n], from latents that depend only on the seed."""


@cache
def judge(name: str) -> AttributeExtractor:
    """An extractor of attributes, opened once."""
    return open_weights(AttributeExtractor, name)


@cache
def style_judge() -> StyleExtractor:
    """The extractor of styles, opened once."""
    return open_weights(StyleExtractor, "style-letters")


# --- The right letter ---------------------------------------------------------------------------


@torch.no_grad()
def right_letter(batches: Iterable[Tensor], labels: Tensor) -> float:
    """The share of samples [N, 1, 32, 32] that `cnn-letters` reads as their label [N]."""
    letters = torch.cat([judge("cnn-letters").logits(batch).argmax(1) for batch in batches])
    return float((letters == labels).double().mean())


# --- One style ----------------------------------------------------------------------------------


@torch.no_grad()
def style_cosines(model: Sampler, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Cosines in `style-letters` of two different letters: of the same n latents, and of others.

    The letters are drawn from the seed. The other latent is the next one.
    """
    rng = torch.Generator().manual_seed(seed)
    first = torch.randint(0, LETTERS, (n,), generator=rng)
    second = (first + torch.randint(1, LETTERS, (n,), generator=rng)) % LETTERS
    one, other = (
        torch.cat([style_judge().directions(some) for some in torch.split(drawn, BATCH)])
        for drawn in (model.sample(n, seed=seed, labels=labels) for labels in (first, second))
    )
    unlike = first != second.roll(1)
    return (one * other).sum(1), (one * other.roll(1, 0)).sum(1)[unlike]


def judged_one_style(cosines: Tensor) -> float:
    """The share of pairs that `style-letters` judges to have the same font."""
    return float((cosines >= style_judge().threshold).double().mean())


def area(same: Tensor, apart: Tensor) -> float:
    """The probability that a pair of one style has the larger cosine: the area under the ROC."""
    ordered = apart.sort().values
    below = torch.searchsorted(ordered, same) + torch.searchsorted(ordered, same, right=True)
    return float(below.double().mean()) / (2 * len(apart))


def of_real_fonts(figure: str) -> float:
    """A figure of `style-letters` on test fonts, from its config, such as "auc"."""
    return float(read_config(WEIGHTS / "style-letters")["figures"][figure])


# --- Shares of attributes -----------------------------------------------------------------------


@torch.no_grad()
def attribute_distances(name: str, batches: Iterable[Tensor]) -> dict[str, float]:
    """Each attribute's total variation: its values' shares against the training drawings'.

    0 if every value is as frequent as there, 1 if none is shared. Both sides are mean probabilities
    of the extractor of that name, so that its errors cancel.
    """
    extractor = judge(name)
    shares = torch.cat([extractor.probabilities(batch) for batch in batches]).double().mean(0)
    gaps = (shares - extractor.shares.double()).abs()
    return {name: float(gap.sum()) / 2 for name, gap in extractor.by_attribute(gaps).items()}


# --- A clean palette ----------------------------------------------------------------------------


def palette_distances(pictures: Tensor) -> Tensor:
    """Mean distance of pixels to their picture's 16 commonest colours, [N].

    Pictures [N, 3, H, H] in [-1, 1], reduced to 16x16; distances are Euclidean, in levels of 255.
    A colour is a cell of 16 levels a channel, represented by the mean of its pixels. Real pictures
    have 8 to 16 colours and get 0.2, since two of their colours may lie in one cell.
    """
    small = avg_pool2d(pictures, pictures.shape[-1] // SIDE)
    pixels = (small + 1).mul(127.5).clamp(0, 255).flatten(2).transpose(1, 2)
    return torch.cat([_to_palette(some) for some in torch.split(pixels, BATCH)])


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
    distances = (pixels[:, :, None] - colours[:, None]).norm(dim=3)  # NaN to absent colours
    nearest: Tensor = distances.nan_to_num(float("inf")).amin(2)
    return nearest.mean(1)


# --- As `ganzoo eval` measures them -------------------------------------------------------------


def some(drawn: FigureInput) -> Iterator[Tensor]:
    """The first 2,000 samples, piece by piece: fewer than any test split has."""
    left = SOME
    for batch in drawn.batches():
        yield batch[:left]
        left -= len(batch)
        if left <= 0:
            return


class OfLetters(Figure):
    """A figure of single letters of 32 pixels."""

    def applies_to(self, data: Dataset) -> bool:
        """Whether the samples are single letters of 32 pixels."""
        return isinstance(data, Letters) and data.sample_shape == (1, 32, 32)


class RightLetter(OfLetters):
    """The share of samples that are the letter asked for."""

    title = "right letter"
    protocol = "samples that cnn-letters takes for the letter asked for"
    direction = "higher"
    needs = frozenset({"labels"})

    def measure(self, drawn: FigureInput) -> float:
        """From 1/26 by chance to the value of test fonts, which is below 1."""
        return right_letter(drawn.batches(), drawn.labels)


class OneStyle(OfLetters):
    """How often two letters of one latent are judged to have one font, relative to real fonts.

    A model that ignores the letter scores highest, so read it together with `right-letter`.
    """

    title = "one style"
    protocol = (
        f"of {PAIRS:,} latents, those of which two letters are one font to style-letters, over the "
        "share of real test fonts"
    )
    direction, best = "nearest", 1.0
    needs = frozenset({"labels", "model"})

    def measure(self, drawn: FigureInput) -> float:
        """1 is as often as for real fonts; a model with a single style gets more."""
        same, _ = style_cosines(drawn.model, PAIRS, drawn.seed)
        return judged_one_style(same) / of_real_fonts("same_judged_same")


class StyleArea(OfLetters):
    """Whether letters of one latent are closer than those of two; 0.5 for a single style."""

    title = "style told apart"
    protocol = (
        f"area under the ROC of style-letters, {PAIRS:,} pairs of letters of one latent against "
        "pairs of two, best where real test fonts are"
    )
    direction = "nearest"
    needs = frozenset({"labels", "model"})

    def __init__(self) -> None:
        self.best = of_real_fonts("auc")

    def measure(self, drawn: FigureInput) -> float:
        """From 0.5, if the latent does not determine the style, to 1."""
        return area(*style_cosines(drawn.model, PAIRS, drawn.seed))


class AttributeShares(Figure):
    """The attribute whose shares differ most from those of the training drawings."""

    kind: ClassVar[type[Dataset]]
    known_to: ClassVar[str]

    title, direction, best = "attribute shares", "lower", 0.0

    def __init__(self) -> None:
        self.protocol = (
            f"total variation between mean probabilities of an attribute's values in "
            f"{self.known_to}, {SOME:,} samples against all training drawings, the worst attribute"
        )

    def applies_to(self, data: Dataset) -> bool:
        """Whether the samples are portraits of its kind."""
        return isinstance(data, self.kind)

    def measure(self, drawn: FigureInput) -> float:
        """From 0 to 1; chance alone gives a little more than 0."""
        return max(attribute_distances(self.known_to, some(drawn)).values())


class PixelFaceShares(AttributeShares):
    """Shares of attributes of pixel faces."""

    kind, known_to = PixelFaces, "cnn-pixel-faces"


class FaceShares(AttributeShares):
    """Shares of attributes of faces."""

    kind, known_to = Faces, "cnn-faces"


class Palette(Figure):
    """How far pixels are from the few colours of their picture."""

    title = "off the palette"
    protocol = (
        f"mean distance of a pixel to the nearest of its 16x16 picture's {COLOURS} commonest "
        f"colours, of {SOME:,} samples"
    )
    direction, unit, digits, tolerance = "lower", " of 255", 2, 0.05

    def applies_to(self, data: Dataset) -> bool:
        """Whether the samples are pixel faces."""
        return isinstance(data, PixelFaces)

    def measure(self, drawn: FigureInput) -> float:
        """Close to 0 for real pictures; a flat picture has a clean palette too."""
        return float(torch.cat([palette_distances(batch) for batch in some(drawn)]).mean())
