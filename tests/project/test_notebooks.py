"""The notebooks in examples/: every cell runs, on a smaller budget."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ganzoo.plugins import local

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
#: The budgets that are made smaller here: what is found, and what takes its place.
SMALLER = (
    (r"\bimages = [\d_]{6,}", "images = 512"),
    (r"\bimages = 2_000", "images = 64"),  # of 64 pixels
    (r"\bseeds=3\b", "seeds=2"),
)


def cells(path: Path) -> list[str]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "_given", {})
    names = {"__name__": "__main__"}
    for number, source in enumerate(cells(path)):
        for budget, smaller in SMALLER:
            source = re.sub(budget, smaller, source)
        exec(compile(source, f"{path.name}, cell {number}", "exec"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_without_output(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])


def test_three_losses_over_three_seeds_with_a_plot_take_under_25_lines():
    source = cells(ROOT / "examples" / "notebooks" / "2-a-new-loss.ipynb")
    lines = [line for cell in source for line in cell.splitlines() if line.strip()]
    assert len(lines) < 25
