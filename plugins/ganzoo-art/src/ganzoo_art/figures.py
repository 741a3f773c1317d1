"""Figures of drawings: the right letter, one style, shares of attributes, a clean palette.

Each judges with this package's own extractors, whatever extractor the other figures use.
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
#: Pairs of letters, and drawings whose attributes or palettes are looked at.
PAIRS, SOME = 2_000, 2_000
#: Drawings that a network is shown at once.
BATCH = 500
#: The most colours that a pixel face has, and the side of its pixels' square.
COLOURS, SIDE = 16, 16
#: Levels of a channel that count as one colour's, and how many such there are.
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
        torch.cat([style_judge().directions(some) for some in torch.split(drawn, BATCH)])
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
    """Each attribute's total variation: its values' shares against the training drawings'.

    0 where every value is as frequent as there, 1 where none is shared. Both sides are the mean
    probabilities that the extractor of that name gives, so that its errors fall out.
    """
    extractor = judge(name)
    found = torch.cat([extractor.probabilities(batch) for batch in batches]).double().mean(0)
    gaps = (found - extractor.shares.double()).abs()
    return {key: float(of.sum()) / 2 for key, of in extractor.by_attribute(gaps).items()}


# --- A clean palette ----------------------------------------------------------------------------


def palette_distances(pictures: Tensor) -> Tensor:
    """How far pixels lie from their picture's 16 commonest colours: the mean of each, [N].

    Pictures [N, 3, H, H] in [-1, 1], brought to 16x16; distances are Euclidean, in levels of 255.
    A colour is a cell of 16 levels a channel, and lies where the mean of its pixels does. Real ones
    have 8 to 16 colours, and get 0.2, since two of theirs may lie in one cell.
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
    distances = (pixels[:, :, None] - colours[:, None]).norm(dim=3)  # NaN to what is not there
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
        """From 1/26 by chance to what test fonts get, which is under 1."""
        return right_letter(drawn.batches(), drawn.labels)


class OneStyle(OfLetters):
    """How often two letters of one latent are judged to be of one font, by real fonts' share.

    A model that draws one picture whatever the letter has it all: read it beside `right-letter`.
    """

    title = "one style"
    protocol = (
        f"of {PAIRS:,} latents, those of which two letters are one font to style-letters, over the "
        "share of real test fonts"
    )
    direction, best = "nearest", 1.0
    needs = frozenset({"labels", "model"})

    def measure(self, drawn: FigureInput) -> float:
        """1 is as often as of real fonts; a model of one style only gets more."""
        same, _ = style_cosines(drawn.model, PAIRS, drawn.seed)
        return judged_one_style(same) / of_real_fonts("same_judged_same")


class StyleArea(OfLetters):
    """Whether letters of one latent lie nearer than those of two: a model of one style gets 0.5."""

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
        """From 0.5, where the latent says nothing of the style, to 1."""
        return area(*style_cosines(drawn.model, PAIRS, drawn.seed))


class AttributeShares(Figure):
    """The attribute whose values' shares lie furthest from the training drawings'."""

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
        """From what chance does, up to 1."""
        return max(attribute_distances(self.known_to, some(drawn)).values())


class PixelFaceShares(AttributeShares):
    """Shares of attributes of pixel faces."""

    kind, known_to = PixelFaces, "cnn-pixel-faces"


class FaceShares(AttributeShares):
    """Shares of attributes of faces."""

    kind, known_to = Faces, "cnn-faces"


class Palette(Figure):
    """How far pixels lie from the few colours of their picture."""

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
        """Next to 0 of real ones; a flat picture has a clean palette too."""
        return float(torch.cat([palette_distances(batch) for batch in some(drawn)]).mean())
