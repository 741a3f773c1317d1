"""journal.jsonl: what happened in a run, and when.

It holds wall-clock times, and so stands apart from metrics.jsonl, whose rows repeat bit for bit. It
is never cut: a run that collapsed, was rolled back or was resumed keeps that history.
"""

from __future__ import annotations

import json
import time
from pathlib import Path


class Journal:
    """Appends one JSON object for each event: its `time` (s since 1970), `images` and `event`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark = (0, time.monotonic())

    def begin(self, images: int) -> None:
        """The training starts, or resumes."""
        self.note("resumed" if images else "started", images)
        self.restart_clock(images)

    def restart_clock(self, images: int) -> None:
        """Measure the pace from here."""
        self._mark = (images, time.monotonic())

    def row(self, images: int) -> None:
        """A row of figures was logged: note the pace since the last one, in images per second."""
        seen, clock = self._mark
        self.restart_clock(images)
        self.note("pace", images, pace=round((images - seen) / max(self._mark[1] - clock, 1e-9), 1))

    def note(self, event: str, images: int, **more: str | float) -> None:
        """Add an event; a disk that refuses it must not end the training."""
        line = {"time": round(time.time(), 3), "images": images, "event": event, **more}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError:
            return  # the next checkpoint reports a full disk
