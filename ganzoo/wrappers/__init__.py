"""Wrappers around networks."""

from ganzoo.wrappers.ema import Ema, recalibrate

__all__ = ["Ema", "recalibrate"]
