"""The runs that a page is asked to show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganzoo import Run
from ganzoo import runs as runs_in
from ganzoo_web.pages.problems import PageError

#: More curves cannot be told apart.
MOST = 24


def found(folders: Sequence[Path]) -> list[Run]:
    """The runs of folders; one line where there are none, or too many to show."""
    runs = list(runs_in(*folders))
    asked = ", ".join(map(str, folders))
    if not runs:
        raise PageError(
            f"{asked} contains no run; give the --out of a training, or a folder of them"
        )
    if len(runs) > MOST:
        raise PageError(
            f"{asked} contains {len(runs)} runs, and a page shows {MOST} at most; name some of them"
        )
    return runs


def differences(runs: Sequence[Run]) -> dict[str, list[object]]:
    """The settings in which runs differ, with each run's value."""
    return runs_in(*(run.folder for run in runs)).differences()
