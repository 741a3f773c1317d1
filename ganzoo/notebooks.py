"""What notebooks show: a display that changes in place, and small pieces of HTML."""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns of text in a notebook's display.
COLUMNS = 110
#: Text as rich lays it out, in the colours of the notebook's theme where it sets none.
FORMAT = '<pre style="margin:0;line-height:1.3;background:none">{code}</pre>'


def in_notebook() -> bool:
    """Whether this process serves a notebook (Jupyter, Colab, VS Code), which shows HTML.

    IPython on a terminal is a terminal. Nothing is imported.
    """
    ipython = sys.modules.get("IPython")
    shell = getattr(ipython, "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class NotebookDisplay:
    """One output below a cell, replaced by each update; it needs IPython and no widgets."""

    def __init__(self) -> None:
        self._handle: Any = None

    def start(self) -> None:
        """Nothing is shown before the first update."""

    def stop(self) -> None:
        """The last update stays."""

    def update(self, shown: RenderableType, *, refresh: bool = True) -> None:
        """Show this in place of what was shown before."""
        display: Any = import_module("IPython.display")
        page = display.HTML(as_html(shown))
        if self._handle is None:
            self._handle = display.DisplayHandle()
            self._handle.display(page)
        else:
            self._handle.update(page)


def as_html(shown: RenderableType) -> str:
    """What rich would print, as HTML."""
    from rich.console import Console

    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, force_jupyter=False
    )
    console.print(shown)
    return console.export_html(inline_styles=True, code_format=FORMAT)


def image(png: bytes, alt: str = "samples", width: int | None = None) -> str:
    """A PNG file as an element of a page, in its own size unless `width` is given."""
    code, size = base64.b64encode(png).decode("ascii"), "" if width is None else f' width="{width}"'
    return f'<img src="data:image/png;base64,{code}" alt="{html.escape(alt)}"{size}>'


def paragraph(text: str, *, title: str = "") -> str:
    """A paragraph, with a title in bold before it."""
    bold = f"<b>{html.escape(title)}</b> " if title else ""
    return f"<p>{bold}{html.escape(text)}</p>"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of texts, aligned to the left as on a terminal; a spread stays in one piece."""
    lines = [("th", header), *(("td", row) for row in rows)]
    cells = ("".join(_cell(tag, text) for text in line) for tag, line in lines)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"


def _cell(tag: str, text: str) -> str:
    shown = html.escape(text).replace("± ", "±&nbsp;")
    return f'<{tag} style="text-align:left">{shown}</{tag}>'
