"""Measuring the average on the way, where a run asks for it; it changes no bit of the training."""

from __future__ import annotations

import time
from collections.abc import Callable

from ganzoo.engine.run.export import settled_average
from ganzoo.engine.run.options import RunOptions, passed
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import MetricError


class Measuring:
    """Figures of the average at every `eval_every` images, by the run's own `measure`."""

    def __init__(
        self, state: TrainingState, setup: Setup, run: RunOptions, say: Callable[[str], None]
    ) -> None:
        self._state, self._setup, self._run, self._say = state, setup, run, say
        self._per_step = setup.recipe.images_per_step
        self._told = False

    def is_due(self, images: int) -> bool:
        """Whether to measure after the step that ended at `images`: the same on all ranks."""
        every = self._run.eval_every
        return every is not None and passed(every, images, self._per_step)

    def figures(self) -> dict[str, float]:
        """The figures by name; none, and a line that says why, where samples cannot be measured."""
        if self._run.measure is None:
            return {}
        began = time.monotonic()
        try:
            network = settled_average(self._state, self._setup)
            figures = dict(self._run.measure(network, self._setup.labeller))
        except MetricError as error:
            self._say(f"nothing was measured at {self._state.images:,} images: {error}")
            return {}
        if not self._told:  # so that a person can judge whether it is worth its time
            self._told = True
            self._say(f"{_in_words(figures)}, measured in {time.monotonic() - began:.1f} s")
        return figures


def _in_words(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
