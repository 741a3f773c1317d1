"""The progress of a bench: a bar over all jobs on a terminal, and a line for each job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganzoo.bench.jobs import Job
from ganzoo.plugins import PluginManager, RunRecord, hookimpl
from ganzoo.terminal import LOG_SECONDS, moves, stderr_console


class BenchProgress:
    """Shows on stderr how many of all jobs' images are done; the trainings themselves are quiet."""

    def __init__(self, jobs: list[Job], manager: PluginManager, *, quiet: bool = False) -> None:
        self._manager = manager
        self.console = stderr_console(quiet=quiet)
        self.live = moves(self.console)
        self.count, self.number, self.done = len(jobs), 0, 0
        self.job: Job | None = None
        self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.live,
            transient=True,
        )
        self._task = self._bar.add_task("", total=sum(work(job) for job in jobs))

    def __enter__(self) -> Self:
        self._manager.pluggy.register(self, name="the progress of the bench")
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        self._manager.pluggy.unregister(self)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def begin(self, job: Job) -> None:
        """Begin a job."""
        self.number, self.job, self._last_line = self.number + 1, job, time.monotonic()
        self._bar.update(self._task, description=f"{self.number} of {self.count}  {job}")

    @hookimpl
    def ganzoo_metrics_logged(self, run: RunRecord, metrics: Mapping[str, float]) -> None:
        """Move the bar with the job's training; a log gets a line from time to time."""
        self._bar.update(self._task, completed=self.done + run.images_seen)
        if not self.live and self.job and time.monotonic() - self._last_line >= LOG_SECONDS:
            self._last_line = time.monotonic()
            shown = f"{run.images_seen:,} of {work(self.job):,} images"
            self.say(f"{self.number} of {self.count}  {self.job}  {shown}")

    def end(self, job: Job, text: str) -> None:
        """Print how a job ended."""
        self.done += work(job)
        self._bar.update(self._task, completed=self.done)
        self.say(f"{self.number} of {self.count}  {job}: {text}")


def work(job: Job) -> int:
    """The images of a job, 0 for a control; where nothing is trained, jobs are counted."""
    if not job.trains:
        return 1
    return 0 if job.row.control else job.budget
