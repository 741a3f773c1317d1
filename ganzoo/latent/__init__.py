"""Steering a model: ways through its latents and styles, mixtures, directions and inversion."""

from ganzoo.latent.directions import Directions, edit, strips
from ganzoo.latent.finding import directions
from ganzoo.latent.inverting import Inversion, invert, read_latents
from ganzoo.latent.mixing import mix
from ganzoo.latent.walking import slerp, walk

__all__ = [
    "Directions",
    "Inversion",
    "directions",
    "edit",
    "invert",
    "mix",
    "read_latents",
    "slerp",
    "strips",
    "walk",
]
