"""Steering a model: ways through its latents and styles, mixtures, directions, inversion, units."""

from ganzoo.latent.directions import Directions, edit, strips
from ganzoo.latent.dissecting import Cause, Dissection, dissect
from ganzoo.latent.effects import Effect, Measured, measure
from ganzoo.latent.finding import directions
from ganzoo.latent.inverting import Inversion, invert, read_latents
from ganzoo.latent.mixing import mix
from ganzoo.latent.sliders import sliders
from ganzoo.latent.walking import slerp, walk

__all__ = [
    "Cause",
    "Directions",
    "Dissection",
    "Effect",
    "Inversion",
    "Measured",
    "directions",
    "dissect",
    "edit",
    "invert",
    "measure",
    "mix",
    "read_latents",
    "slerp",
    "sliders",
    "strips",
    "walk",
]
