"""Plain tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.errors import printable

__all__ = ["markdown", "one_line", "printable", "table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell, two spaces apart."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table."""
    rows = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Text as a cell can hold it: one line, and nothing that a terminal obeys or cannot write."""
    return " ".join(printable(text).split())
