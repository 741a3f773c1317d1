"""Steering a model: ways through its latents and styles, and mixtures of them."""

from ganzoo.latent.mixing import mix
from ganzoo.latent.walking import slerp, walk

__all__ = ["mix", "slerp", "walk"]
