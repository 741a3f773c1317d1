"""The core's schedules: how a number of the recipe moves with the images seen.

Each begins at the recipe's own number, after `warmup` images over which the number rises from 0.
"""

from __future__ import annotations

import math

from ganzoo.errors import ConfigError
from ganzoo.interfaces import Schedule


class Constant(Schedule):
    """The recipe's number, after the warm-up."""

    def __init__(self, warmup: int = 0) -> None:
        if warmup < 0:
            raise ConfigError(f"warmup must be 0 or more images, found {warmup}")
        self.warmup = warmup

    def value(self, start: float, images: int, total: int) -> float:
        """Rise to `start`, then continue with `after`."""
        if images < self.warmup:
            return start * images / self.warmup
        return self.after(start, images - self.warmup, total - self.warmup)

    def after(self, start: float, images: int, total: int) -> float:
        """The number at this many images after the warm-up."""
        return start


class Linear(Constant):
    """A straight line to the number `to`, reached at image number `images`.

    None means the run's last image; the run's images can then not be raised. The line begins after
    `warmup` images, and after `hold` more at the recipe's own number.
    """

    def __init__(
        self, to: float, images: int | None = None, warmup: int = 0, hold: int = 0
    ) -> None:
        super().__init__(warmup)
        if hold < 0:
            raise ConfigError(f"hold must be 0 or more images, found {hold}")
        if images is not None and images <= warmup + hold:
            held = f" and {hold:,} of hold" if hold else ""
            raise ConfigError(
                f"a schedule of {images:,} images has no room for {warmup:,} of warm-up{held}"
            )
        self.to, self.images, self.hold = to, images, hold
        self.needs_total = images is None

    def after(self, start: float, images: int, total: int) -> float:
        """The number at this many images after the warm-up."""
        if images <= self.hold:
            return start  # to the bit, which the sum below may miss
        return self.to + (start - self.to) * self.left(self.done(images, total))

    def done(self, images: int, total: int) -> float:
        """The share of the way's images that are done, from 0 to 1."""
        last = total if self.images is None else self.images - self.warmup
        return min(1.0, max(0, images - self.hold) / max(1, last - self.hold))

    def left(self, done: float) -> float:
        """The share of the distance that is left when `done` of the images are."""
        return 1 - done


class Cosine(Linear):
    """Half a cosine to the number `to` (Loshchilov and Hutter 2017, eq. 5)."""

    def left(self, done: float) -> float:
        """The share of the distance that is left: it changes slowly at both ends."""
        return (1 + math.cos(math.pi * done)) / 2


class Exponential(Linear):
    """From one number above 0 to another by equal factors: start (to / start)^(t / images).

    The temperature of RelGAN is the inverse of such a number (Nie et al. 2019, section 3.3).
    """

    def __init__(
        self, to: float, images: int | None = None, warmup: int = 0, hold: int = 0
    ) -> None:
        super().__init__(to, images, warmup, hold)
        if not to > 0:
            raise ConfigError(f"an exponential schedule leads to a number above 0, found {to}")

    def after(self, start: float, images: int, total: int) -> float:
        """The number at this many images after the warm-up."""
        if start <= 0:
            return start  # which no factor leads away from
        factor: float = (self.to / start) ** self.done(images, total)
        return start * factor


class InverseSqrt(Constant):
    """Constant up to image number `images`, then falling with the square root of all images t.

    start / sqrt(max(t / images, 1)), the learning rate of EDM2 (Karras et al. 2024, appendix).
    """

    def __init__(self, images: int, warmup: int = 0) -> None:
        super().__init__(warmup)
        if images < 1:
            raise ConfigError(f"images must be 1 or more, found {images}")
        self.images = images

    def after(self, start: float, images: int, total: int) -> float:
        """The number at this many images after the warm-up."""
        return start / math.sqrt(max((images + self.warmup) / self.images, 1.0))
