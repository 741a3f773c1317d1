"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.index import IndexDomain
from sphinx.domains.python import PythonDomain

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
html_static_path = ["static"]
html_css_files = ["site.css"]
pygments_style = "tango"
pygments_dark_style = "monokai"


def setup(app: Sphinx) -> None:
    """Register the Python names once a page is read."""
    app.connect("doctree-read", register_names)


def register_names(app: Sphinx, page: nodes.document) -> None:
    """Enter the headings of Python pages, which are names, into the index and objects.inv.

    The pages stay plain Markdown, which a forge shows too; directives for Python would not.
    """
    if not app.env.docname.startswith("reference/python/"):
        return
    python, index = app.env.domains["py"], app.env.domains["index"]
    assert isinstance(python, PythonDomain)
    assert isinstance(index, IndexDomain)
    entries = index.entries.setdefault(app.env.docname, [])
    module = ""
    for section in page.findall(nodes.section):
        name, code = section[0].astext(), section.next_node(nodes.literal_block)
        if not isinstance(section[0].next_node(), nodes.literal) or code is None:
            continue
        if name.startswith("ganzoo."):
            module = name.rpartition(".")[0]
            kind = {"class": "class", "def": "function"}.get(code.astext().split()[0], "data")
        else:  # a member, as Class.member
            name = f"{module}.{name}"
            kind = "property" if code.astext().startswith("@property") else "method"
        anchor = section["ids"][0]
        python.note_object(name, kind, anchor, location=section)
        owner, _, short = name.rpartition(".")
        entries.append(("single", f"{short} ({owner})", anchor, "", None))
