"""Figures of models that are told what to draw: nearness to the target, and variety beside it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from ganzoo import Dataset, Figure, FigureInput
from ganzoo_translate.errors import TranslateError
from ganzoo_translate.residual import CycleTranslator
from ganzoo_translate.transforms import brightness

#: The span of values of pictures in [-1, 1].
SPAN = 2.0
#: The least squared error that counts, which is 100 dB.
LEAST = SPAN**2 * 1e-10
#: Constants of SSIM relative to the span, the side of its window and its deviation in pixels.
K1, K2, WINDOW, SIGMA = 0.01, 0.03, 11, 1.5
#: Conditions for which two latents are drawn.
MOST = 500


def psnr(pictures: Tensor, targets: Tensor) -> Tensor:
    """10 log10(span^2 / mean squared error) of each picture in [-1, 1]: [N], 100 at most."""
    error = (pictures - targets).square().flatten(1).mean(1)
    return 10 * torch.log10(SPAN**2 / error.clamp_min(LEAST))


def ssim(pictures: Tensor, targets: Tensor) -> Tensor:
    """Structural similarity of brightness, mean over windows (Wang et al. 2004, eq. 13): [N]."""
    offsets = torch.arange(WINDOW) - WINDOW // 2
    row = torch.exp(-offsets.square() / (2 * SIGMA**2))
    window = torch.outer(row, row)[None, None]
    window = window / window.sum()
    x, y = brightness(pictures), brightness(targets)
    mean_x, mean_y = conv2d(x, window), conv2d(y, window)
    of_x = conv2d(x.square(), window) - mean_x.square()
    of_y = conv2d(y.square(), window) - mean_y.square()
    both = conv2d(x * y, window) - mean_x * mean_y
    c1, c2 = (K1 * SPAN) ** 2, (K2 * SPAN) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    likeness = likeness / ((mean_x.square() + mean_y.square() + c1) * (of_x + of_y + c2))
    return likeness.flatten(1).mean(1)


def is_unpaired(data: Dataset) -> bool:
    """Whether samples are pictures in [-1, 1], and conditions others that do not belong to them."""
    told = data.condition_shape is not None and not data.paired and len(data.condition_shape) == 3
    return told and len(data.sample_shape) == 3 and data.value_range == (-1.0, 1.0)


def is_translation(data: Dataset) -> bool:
    """Whether samples are pictures that answer conditions."""
    return data.condition_shape is not None and data.paired and len(data.sample_shape) == 3


class OfPairs(Figure):
    """A figure of samples beside their targets."""

    needs = frozenset({"targets"})

    def applies_to(self, data: Dataset) -> bool:
        """Whether samples are pictures in [-1, 1] that answer conditions."""
        return is_translation(data) and data.value_range == (-1.0, 1.0)


class Psnr(OfPairs):
    """Peak signal-to-noise ratio."""

    title = "PSNR"
    protocol = "10 log10(4 / squared error) of a whole picture and its target, mean over pictures"
    direction: Literal["lower", "higher", "nearest"] = "higher"
    unit = " dB"
    digits = 2
    tolerance = 0.05

    def measure(self, drawn: FigureInput) -> float:
        """Decibels; 100 for equal pictures."""
        return float(psnr(drawn.samples, drawn.targets).mean())


class Ssim(OfPairs):
    """Structural similarity."""

    title = "SSIM"
    protocol = "structural similarity of brightness in 11x11 windows (Wang et al. 2004), mean"
    direction: Literal["lower", "higher", "nearest"] = "higher"
    best = 1.0

    def applies_to(self, data: Dataset) -> bool:
        """Whether pictures have a brightness, and are as large as a window too."""
        if not super().applies_to(data):
            return False
        channels, *sides = data.sample_shape
        return channels in (1, 3) and min(sides) >= WINDOW

    def measure(self, drawn: FigureInput) -> float:
        """1 for equal pictures."""
        pieces = zip(torch.split(drawn.samples, 500), torch.split(drawn.targets, 500), strict=True)
        return float(torch.cat([ssim(one, other) for one, other in pieces]).mean())


class TargetDistance(OfPairs):
    """Distance to the target in an extractor's features."""

    title = "target distance"
    protocol = "Euclidean distance of a picture's features to its target's, mean over pictures"
    direction: Literal["lower", "higher", "nearest"] = "lower"
    best = 0.0
    needs = frozenset({"targets", "features", "target_features"})

    def measure(self, drawn: FigureInput) -> float:
        """0 for equal pictures."""
        return float((drawn.features - drawn.target_features).norm(dim=1).mean())


class LatentDiversity(OfPairs):
    """How much two latents change what is made of one condition."""

    title = "latent diversity"
    protocol = f"mean difference of two samples of one condition, {MOST} conditions at most"
    direction: Literal["lower", "higher", "nearest"] = "higher"
    needs = frozenset({"targets", "labels", "model"})

    def measure(self, drawn: FigureInput) -> float:
        """0 where latents change nothing; a model without latents has no such figure."""
        if not drawn.model.generator.latent_dim:
            raise TranslateError("the model has no latents: a condition has one answer")
        conditions = drawn.labels[:MOST]
        one, other = (
            drawn.model.sample(len(conditions), seed=2 * drawn.seed + k, conditions=conditions)
            for k in (0, 1)
        )
        return float((one - other).abs().mean())


class WayBack(Figure):
    """How near to its input a picture comes on its way there and back; the same game plays both.

    It says that an answer holds its input, not that a person sees it there: what does not fit into
    the answer's style is hidden in it (Chu et al. 2017).
    """

    title = "way back"
    protocol = "10 log10(4 / squared error) of an input and what its answer becomes on the way back"
    direction: Literal["lower", "higher", "nearest"] = "higher"
    unit = " dB"
    digits = 2
    tolerance = 0.05
    needs = frozenset({"labels", "model"})

    def applies_to(self, data: Dataset) -> bool:
        """Whether pictures are turned into others without pairs."""
        return is_unpaired(data)

    @torch.no_grad()
    def measure(self, drawn: FigureInput) -> float:
        """Decibels, the mean over all inputs."""
        network = drawn.model.generator
        if not isinstance(network, CycleTranslator):
            raise TranslateError("the model has no way back")
        device, inputs, found = next(network.parameters()).device, drawn.labels, []
        for answers in drawn.batches():
            home = network.back(answers.to(device)).float().cpu()
            given, inputs = inputs[: len(home)], inputs[len(home) :]
            found.append(psnr(home, given))
        return float(torch.cat(found).mean())
