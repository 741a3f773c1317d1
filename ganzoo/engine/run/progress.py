"""The progress of a training: a live display on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ganzoo.notebooks import NotebookDisplay, in_notebook
from ganzoo.terminal import LOG_SECONDS, moves, stderr_console

#: Seconds between updates of the live display, and until the first line in a log.
LIVE_SECONDS, FIRST_SECONDS = 0.2, 1.0
#: Seconds between updates in a notebook, each of which is a message to a browser.
NOTEBOOK_SECONDS = 0.5
#: The newest figures that a trend shows.
TREND = 24
BLOCKS = "▁▂▃▄▅▆▇█"


class TrainingDisplay:
    """Shows images done, images/s, time left, every term and the game's balance.

    On stderr, or below the cell of a notebook.
    """

    def __init__(self, name: str, total: int, *, quiet: bool = False) -> None:
        self.console = stderr_console(quiet=quiet)
        self.notebook = in_notebook() and not quiet
        self.live = self.notebook or moves(self.console)  # asks the environment each time
        self.name, self.total, self.first, self.images = name, total, 0, 0
        self.figures: dict[str, float] = {}
        self.trends: dict[str, list[float]] = {}
        self._started = self._shown = time.monotonic()
        self._lines = 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            TextColumn("{task.fields[count]}"),
            TextColumn("[cyan]{task.fields[rate]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            auto_refresh=False,
        )
        self._task = self._bar.add_task(name, total=total, count="", rate="")
        self._live: Live | NotebookDisplay = (
            NotebookDisplay()
            if self.notebook
            else Live(console=self.console, auto_refresh=False, transient=False)
        )

    def __enter__(self) -> Self:
        if self.live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def resume_from(self, images: int) -> None:
        """Count the rate and the time left from here."""
        self.first = self.images = images
        self._started = time.monotonic()

    def update_figures(self, figures: Mapping[str, float]) -> None:
        """Show new figures; those not measured now stay."""
        self.figures |= figures
        for name, value in figures.items():
            self.trends[name] = [*self.trends.get(name, []), value][-TREND:]

    def advance(self, images: int) -> None:
        """Show how far the run is, if it is time to."""
        now = time.monotonic()
        log_wait = LOG_SECONDS if self._lines else min(FIRST_SECONDS, LOG_SECONDS)
        live_wait = NOTEBOOK_SECONDS if self.notebook else LIVE_SECONDS
        wait = live_wait if self.live else log_wait
        if images < self.total and now - self._shown < wait:
            return
        self._shown, self.images = now, images
        rate = (images - self.first) / max(now - self._started, 1e-9)
        if self.live:
            self._bar.update(
                self._task,
                completed=images,
                count=f"{images:,} of {self.total:,}",
                rate=f"{rate:,.0f} images/s",
            )
            self._live.update(self.picture(), refresh=True)
        elif images < self.total:
            self._lines += 1
            left = (self.total - images) / rate if rate else 0
            terms = (f"{_short(name)} {self.figures[name]:.3g}" for name in self.terms())
            self.say(
                f"{self.name}  {images:,} of {self.total:,} images  {rate:,.0f} images/s  "
                f"{left / 60:.1f} min left  {'  '.join([*terms, *self.balance()])}"
            )

    def picture(self) -> RenderableType:
        """The live display: the bar, the terms with their trends, and the balance of the game."""
        rows = [
            Text.assemble(
                ("  " + _short(name).ljust(12), "dim"),
                f"{self.figures[name]:>9.3g}  ",
                (trend(self.trends[name]), _colour(name)),
            )
            for name in self.terms()
        ]
        balance = Text("  " + "   ".join(self.balance()), style="dim")
        return Group(self._bar, *rows, balance)

    def terms(self) -> list[str]:
        """The names of what the players minimise, the discriminator's first."""
        return sorted(name for name in self.figures if _short(name))

    def balance(self) -> list[str]:
        """The discriminator's accuracy on real and fake, and the diversity of samples."""
        figures = self.figures
        texts = []
        if "accuracy.real" in figures:
            real, fake = figures["accuracy.real"], figures["accuracy.fake"]
            texts.append(f"D right on real {real:.0%}, fake {fake:.0%}")
        if "diversity" in figures:
            texts.append(f"diversity {figures['diversity']:.2f} of the data's")
        return texts

    def say(self, text: str) -> None:
        """Print a line above the display."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def trend(values: list[float]) -> str:
    """Values as a line of blocks, from their least to their greatest."""
    finite = [value for value in values if abs(value) != float("inf") and value == value]
    if not finite:
        return ""
    low, span = min(finite), max(finite) - min(finite) or 1.0
    return "".join(BLOCKS[round((value - low) / span * (len(BLOCKS) - 1))] for value in finite)


def _short(name: str) -> str:
    """`discriminator.real` -> `D real`, `generator` -> `G`; empty for what no player minimises."""
    player, _, term = name.partition(".")
    letter = {"discriminator": "D", "generator": "G"}.get(player, "")
    return f"{letter} {term}".rstrip() if letter else ""


def _colour(name: str) -> str:
    return "magenta" if name.startswith("discriminator") else "green"
