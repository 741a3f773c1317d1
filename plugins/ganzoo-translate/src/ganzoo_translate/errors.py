"""The error that this plugin raises on purpose."""

from __future__ import annotations

from ganzoo import GanzooError


class TranslateError(GanzooError):
    """Pictures cannot be paired or masked as requested."""
