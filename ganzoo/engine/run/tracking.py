"""The trackers of one training; one that raises is reported once and dropped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ganzoo.build import build
from ganzoo.errors import GanzooError, TrainingError, one_line
from ganzoo.interfaces import Tracker
from ganzoo.plugins import RunRecord
from ganzoo.specs import Part

log = logging.getLogger("ganzoo")


class Trackers:
    """Trackers by name, built at once so that a missing one is reported before the training."""

    def __init__(self, names: Iterable[str]) -> None:
        self._working: dict[str, Tracker] = {name: build(Tracker, Part(name)) for name in names}

    def start(self, run: RunRecord) -> None:
        """A training starts or resumes; a tracker that cannot start ends it."""
        for name, tracker in self._working.items():
            try:
                tracker.start(run)
            except GanzooError:
                raise
            except Exception as error:
                raise TrainingError(f"tracker {name} cannot start: {one_line(error)}") from error

    def log(self, images_seen: int, values: Mapping[str, float]) -> None:
        """Send a row of figures."""
        self._each(lambda tracker: tracker.log(images_seen, values))

    def sample(self, images_seen: int, paths: Iterable[Path]) -> None:
        """Send files of samples."""
        for path in paths:
            self._each(lambda tracker, path=path: tracker.sample(images_seen, path))  # type: ignore[misc]

    def end(self, outcome: str) -> None:
        """Tell how the training ended."""
        self._each(lambda tracker: tracker.end(outcome))

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self._working.items()):
            try:
                tell(tracker)
            except Exception as error:
                del self._working[name]
                log.warning(
                    "tracker %s: %s; the training continues without it",
                    name,
                    one_line(error),
                )
