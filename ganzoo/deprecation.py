"""Saying that something goes: what to use instead, and the version that will be without it."""

from __future__ import annotations

import warnings


def deprecated(what: str, *, use: str, end: str) -> None:
    """Warn the caller's caller that `what` goes with version `end`, such as "0.4".

    A `DeprecationWarning` is shown by pytest and in a user's own script, and by nobody else. The
    end lies two minor versions ahead or more when this is written; a test says when it has come.
    """
    text = f"{what} goes with ganzoo-core {end}; use {use}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
