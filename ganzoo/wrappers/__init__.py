"""Wrappers around networks."""

from ganzoo.wrappers.augment import Augmented
from ganzoo.wrappers.ema import Ema, recalibrate

__all__ = ["Augmented", "Ema", "recalibrate"]
