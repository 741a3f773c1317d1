"""Steering a model: ways through its latents and styles."""

from ganzoo.latent.walking import slerp, walk

__all__ = ["slerp", "walk"]
