"""What a page cannot be made of."""

from __future__ import annotations

from ganzoo import GanzooError


class PageError(GanzooError):
    """A model that a page cannot show, or a place where none can be written."""

    exit_code = 2
