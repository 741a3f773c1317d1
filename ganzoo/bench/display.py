"""What a person sees of a bench: a bar over all jobs on a terminal, and a line for each."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganzoo.bench.jobs import Job
from ganzoo.cards import catalogue
from ganzoo.plugins import RunRecord, hookimpl


class BenchDisplay:
    """Shows images done of those of all jobs, on stderr; the trainings themselves are quiet."""

    def __init__(self, jobs: list[Job], *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.count, self.number, self.done = len(jobs), 0, 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=sum(work(job) for job in jobs))

    def __enter__(self) -> Self:
        catalogue().manager.pluggy.register(self, name="the display of the bench")
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        catalogue().manager.pluggy.unregister(self)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def begin(self, job: Job) -> None:
        """A job begins."""
        self.number += 1
        self._bar.update(self._task, description=f"{self.number} of {self.count}  {job}")

    @hookimpl
    def ganzoo_metrics_logged(self, run: RunRecord, metrics: Mapping[str, float]) -> None:
        """Move the bar as the job's training goes on."""
        self._bar.update(self._task, completed=self.done + run.images_seen)

    def end(self, job: Job, text: str) -> None:
        """A job ended: one line says how."""
        self.done += work(job)
        self._bar.update(self._task, completed=self.done)
        self.say(f"{self.number} of {self.count}  {job}: {text}")


def work(job: Job) -> int:
    """Images that a job shows; a control's are drawn at once."""
    return 0 if job.row.control else job.budget
