"""The page of trainings: one document, one script and one style, live or in one file."""

from __future__ import annotations

import base64
import hashlib
import json
from string import Template
from typing import Any

from ganzoo_web.pages.bundle import BROWSER, page_script

#: What a live page may do: everything from this server, and nothing else.
LIVE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def script() -> str:
    """The page's script."""
    return page_script("training")


def style() -> str:
    """The style of all pages, and what pages of trainings add."""
    return "".join(
        (BROWSER / name).read_text(encoding="utf-8") for name in ("style.css", "training.css")
    )


def live_page() -> str:
    """The document that a server sends; it asks for script, style and runs."""
    return _document(
        policy=LIVE_POLICY,
        style='<link rel="stylesheet" href="page.css">',
        data="",
        script='<script defer src="page.js"></script>',
    )


def kept_page(data: dict[str, Any]) -> str:
    """The document with everything in it, which needs no server and asks none."""
    code = script()
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode("ascii")
    return _document(
        policy=(
            f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        style=f"<style>\n{style()}</style>",
        data=f'<script type="application/json" id="data">{inert(data)}</script>',
        script=f"<script>{code}</script>",
    )


def inert(data: Any) -> str:
    """JSON that a document can hold: no character of it ends a script or begins a tag."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _document(**parts: str) -> str:
    return Template((BROWSER / "training.html").read_text(encoding="utf-8")).substitute(parts)
