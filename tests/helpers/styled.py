"""A model of styles, made in memory."""

from __future__ import annotations

from typing import Any

import torch

import ganzoo
from ganzoo.zoo import Model
from style_generators import TinyStyles


def styled(**arguments: Any) -> Model:
    """A model of points in the plane with two layers of styles, on another model's card."""
    card = ganzoo.card("dcgan-mnist")
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        return Model(TinyStyles(**arguments), card, torch.device("cpu"))
