"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from ganzoo._version import __version__ as release

project = "ganzoo"
author = "The ganzoo authors"
copyright = author  # noqa: A001 - Sphinx's name for it
version = release

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # the anchors that a forge gives to headings

html_theme = "furo"
html_title = f"ganzoo {release}"
html_copy_source = False
pygments_style = "tango"
pygments_dark_style = "monokai"
