"""Steering a model: ways through its latents and styles, mixtures, directions and edits."""

from ganzoo.latent.directions import Directions, edit, strips
from ganzoo.latent.finding import directions
from ganzoo.latent.mixing import mix
from ganzoo.latent.walking import slerp, walk

__all__ = ["Directions", "directions", "edit", "mix", "slerp", "strips", "walk"]
