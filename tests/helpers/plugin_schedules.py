"""Schedules of a plugin: one that needs no total, and one that does whatever its arguments say."""

from __future__ import annotations

from ganzoo import Schedule


class Steps(Schedule):
    """Halves a number after every so many images."""

    def __init__(self, every=100):
        self.every = every

    def value(self, start, images, total):
        return start * 0.5 ** (images // self.every)


class Bowed(Schedule):
    """Depends on the run's images, though it has an argument of that name."""

    needs_total = True

    def __init__(self, images=100):
        self.images = images

    def value(self, start, images, total):
        return start * (2 - images / total) / 2
