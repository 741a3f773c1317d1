"""The exporter `web`: one folder that any static server shows, or a double click."""

from __future__ import annotations

from pathlib import Path

from ganzoo import Model
from ganzoo_web.pages.write import write_model, write_shared


def export(model: Model, path: Path, *, directions: str = "") -> str:
    """Write the page of a model; `directions` is a file of `ganzoo directions`."""
    given = Path(directions).expanduser() if directions else None
    write_model(model, path, shared=".", directions=given)
    write_shared(path)
    size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
    return f"a page of {size:.1f} MB; open {path.name}/index.html, or serve the folder"
