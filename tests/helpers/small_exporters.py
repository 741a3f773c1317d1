"""Exporters that need nothing, and those that go wrong."""

from __future__ import annotations

from pathlib import Path

from ganzoo import GanzooError, Model


def text(model: Model, path: Path, *, times: int = 1) -> str:
    path.with_name(f"{path.name}.txt").write_text(model.card.name * times)
    return f"a name,\n {times} time"


def page(model: Model, path: Path, *, title: str = "", count: int = 1) -> str:
    path.mkdir()
    (path / "index.html").write_text(str(title))
    return f"{count} page"


def torn(model: Model, path: Path) -> str:
    path.with_name("a.1").touch()
    path.with_name("b").touch()
    return "two files"


def picky(model: Model, path: Path) -> str:
    path.touch()
    raise GanzooError(f"{model.card.name} is too small")


def buggy(model: Model, path: Path) -> str:
    path.mkdir()
    return f"{1 // 0}"
