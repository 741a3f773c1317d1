"""What this plugin offers. Nothing here imports torch: parts are named, not imported."""

from __future__ import annotations

from ganzoo import hookimpl

ganzoo_api = 1


@hookimpl
def ganzoo_commands() -> dict[str, tuple[str, str]]:
    """The commands that write or serve pages."""
    return {
        "gallery": (
            "ganzoo_web.commands:gallery",
            "Write pages of the zoo's models that draw in the browser.",
        ),
        "report": (
            "ganzoo_web.trainings.commands:report",
            "Write trainings as one page, to keep or to compare.",
        ),
        "watch": ("ganzoo_web.trainings.commands:watch", "Serve a training as a live page."),
    }


@hookimpl
def ganzoo_exporters() -> dict[str, str]:
    """A model's page, as a format of `ganzoo export`."""
    return {"web": "ganzoo_web.pages.exporter:export"}
