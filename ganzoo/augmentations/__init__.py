"""Augmentations: changes of whatever the discriminator is shown, so that few images suffice."""

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
