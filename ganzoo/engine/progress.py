"""What a person sees of a training: a live bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

#: How often the live bar moves, and how often a log gets a line, in seconds.
LIVE_SECONDS, LOG_SECONDS = 0.2, 30.0


class TrainingDisplay:
    """Shows images done, images/s, losses and time left, on stderr."""

    def __init__(self, name: str, total: int, done: int, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.name, self.total, self.first = name, total, done
        self.figures = ""
        self._started = self._shown = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn(
                "{task.fields[figures]}",
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=self.console,
            auto_refresh=False,
            expand=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=total, completed=done, rate="", figures="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def figures_are(self, metrics: Mapping[str, float]) -> None:
        """Take over the newest losses; what is only logged stands in metrics.jsonl."""
        losses = ((_short(name), value) for name, value in metrics.items())
        self.figures = "  ".join(f"{name} {value:.3g}" for name, value in losses if name)

    def advance(self, images: int) -> None:
        """Show how far the run is, if it is time to."""
        now = time.monotonic()
        live = self.console.is_terminal
        ended = live and images >= self.total
        if not ended and now - self._shown < (LIVE_SECONDS if live else LOG_SECONDS):
            return
        self._shown = now
        rate = (images - self.first) / (now - self._started)
        if live:
            self._bar.update(
                self._task, completed=images, rate=f"{rate:,.0f} images/s", figures=self.figures
            )
            self._bar.refresh()
            return
        left = (self.total - images) / rate if rate else 0
        self.say(
            f"{self.name}  {images:,} of {self.total:,} images  {rate:,.0f} images/s  "
            f"{left / 60:.1f} min left  {self.figures}"
        )

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def _short(name: str) -> str:
    """`discriminator.real` -> `D real`, `generator` -> `G`; nothing for what nobody minimises."""
    player, _, term = name.partition(".")
    letter = {"discriminator": "D", "generator": "G"}.get(player, "")
    return f"{letter} {term}".rstrip() if letter else ""
