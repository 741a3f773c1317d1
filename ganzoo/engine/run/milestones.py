"""When something is due that recurs every so many images, by the image counts alone."""

from __future__ import annotations


def passed(every: int, images: int, per_step: int) -> bool:
    """Whether the step that ended at `images`, of `per_step` images, passed a multiple."""
    return images // every > (images - per_step) // every
