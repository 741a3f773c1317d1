"""Augmentations: changes of all images that the discriminator sees, so that few suffice."""

from ganzoo.augmentations.diffaugment import (
    Augmented,
    DiffAugment,
    Flip,
    color,
    cutout,
    flip,
    translation,
)

__all__ = ["Augmented", "DiffAugment", "Flip", "color", "cutout", "flip", "translation"]
