"""A plugin's figures, right and wrong, as docs/plugin-parts.md shows how to write one."""

from __future__ import annotations

import math
from typing import Any

import torch

from ganzoo import Dataset, Figure, FigureInput
from ganzoo.plugins import PluginSource
from tiny import make_plugin


class RightMode(Figure):
    """The share of points that lie nearest the mode they were asked for."""

    title = "right mode"
    protocol = "points nearest the mode that their label names"
    direction, best = "higher", 1.0
    needs = frozenset({"labels"})

    def applies_to(self, data):
        return data.sample_shape == (2,) and data.num_classes == 8

    def measure(self, drawn):
        turns = torch.atan2(drawn.samples[:, 1], drawn.samples[:, 0]) / (2 * math.pi)
        nearest = (turns * 8).round().long() % 8
        return (nearest == drawn.labels).float().mean()


class Anything(Figure):
    """The mean of all values, of any data."""

    title, protocol, direction = "mean value", "the mean of all values", "nearest"
    unit, digits, tolerance = " V", 2, 0.001

    def applies_to(self, data: Dataset) -> bool:
        return True

    def measure(self, drawn: FigureInput) -> float:
        return float(drawn.samples.mean())


class OfPoints(Anything):
    """Measures points alone, and asks the class for that."""

    def applies_to(self, data: Dataset) -> bool:
        return data.kind == "points"


class MeanGap(Anything):
    """How far the mean lies from that of real samples."""

    title, protocol, direction = "mean gap", "distance of the mean to test samples'", "lower"
    needs = frozenset({"real"})

    def measure(self, drawn: FigureInput) -> float:
        real, _ = drawn.real.batch(torch.arange(len(drawn.real)))
        return float((drawn.samples.mean() - real.mean()).abs())


class Sure(Anything):
    """How sure a classifier is."""

    title, protocol, direction = "sureness", "mean probability of the winning class", "higher"
    needs = frozenset({"logits", "features"})

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def measure(self, drawn: FigureInput) -> float:
        assert len(drawn.features) == len(drawn.logits)
        return float(drawn.logits.softmax(1).amax(1).pow(self.power).mean())


class Likeness(Anything):
    """The peak signal-to-noise ratio to the targets, of values in [-1, 1]."""

    title, protocol, direction, unit = "PSNR", "20 log10(2 / RMSE) to the target", "higher", " dB"
    needs = frozenset({"targets"})

    def measure(self, drawn: FigureInput) -> float:
        error = (drawn.samples - drawn.targets).square().mean().sqrt()
        return float(20 * (2 / error).log10())


class OneStyle(Anything):
    """How far two classes lie apart on the same latents."""

    title, protocol, direction = "one style", "distance of classes 0 and 1, 32 latents", "nearest"
    needs = frozenset({"model"})

    def measure(self, drawn: FigureInput) -> float:
        one, two = (drawn.model.sample(32, seed=drawn.seed, labels=k) for k in (0, 1))
        return float((one - two).square().mean())


class Broken(Anything):
    """Returns whatever it is told to."""

    returned: Any = None

    def measure(self, drawn: FigureInput) -> float:
        if isinstance(self.returned, Exception):
            raise self.returned
        return self.returned


class Nameless(Anything):
    """Says no direction that there is."""

    direction = "up"  # type: ignore[assignment]


def figures_plugin(**names: str) -> PluginSource:
    """The plugin `my-gan` with these figures: `figures_plugin(right_mode="RightMode")`."""
    offered = {name.replace("_", "-"): f"plugin_figures:{made}" for name, made in names.items()}
    return make_plugin("my-gan", ganzoo_metrics=offered)
