"""What this plugin offers. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_commands() -> dict[str, tuple[str, str]]:
    """The commands that write or serve pages."""
    return {}
