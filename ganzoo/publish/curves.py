"""Curves of a training beside a model's card, from the metrics of the runs that are published."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from ganzoo.run_folders import Run, is_run


def curves_of(exports: Iterable[Path], name: str) -> bytes | None:
    """A small PNG of the trainings whose exports are published, a band over several seeds.

    None where nothing was logged beside the exports, or matplotlib is missing.
    """
    seeds = [Run(export.parent).metrics for export in exports if is_run(export.parent)]
    seeds = [rows for rows in seeds if rows]
    if not seeds or find_spec("matplotlib") is None:
        return None
    from ganzoo.run_plots import plot, png

    return png(plot({name: seeds}, ()))
