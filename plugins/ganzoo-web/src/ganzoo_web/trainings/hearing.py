"""Samples of a run that are heard, as a page plays them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy

from ganzoo import Run
from ganzoo_web.pages.packing import packed
from ganzoo_web.pages.views import as_data

#: Samples as numbers, beside a grid.
NUMBERS = ".npz"


def heard(run: Run) -> dict[int, Path]:
    """A run's samples that are heard, by images seen."""
    return {int(path.stem): path for path in run.samples if path.suffix == NUMBERS}


def heard_data(run: Run, path: Path) -> dict[str, Any]:
    """Samples of a run as JSON data: their `view`, the `shape` of one, and `rows` of numbers.

    `view` is None where the plugin that knows it is not installed.
    """
    try:
        with numpy.load(path) as file:
            samples = file["samples"].astype("<f4")
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise OSError(f"{path} is damaged: {error}") from None  # cut short by a disk that is full
    shape = samples.shape[1:]
    return {"view": as_data(run.view(shape)), "shape": shape, "rows": packed(samples.tobytes())}
