"""The views that a page has, as data for its script."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ganzoo.views import Notes, Pictures, Points, Text, View
from ganzoo_web.pages.problems import PageError

if TYPE_CHECKING:
    from ganzoo import Model

#: A page's name of each view that it has; `browser/page/views.js` draws them.
FORMS: dict[type[View], str] = {
    Pictures: "pictures",
    Points: "points",
    Text: "text",
    Notes: "notes",
}


def view_of(model: Model) -> dict[str, Any]:
    """What a page must know to show a model's samples; `PageError` if no page can show them."""
    data = as_data(model.view)
    if data is None:
        shape = "x".join(map(str, model.generator.sample_shape))
        raise PageError(
            f"{model.card.name} draws {model.card.require_config().kind} of {shape}, which have no "
            "view here; a page shows images with 1, 3 or 4 channels, points of the plane, and what "
            "the view() of a plugin's writer calls text or notes"
        )
    return data


def as_data(view: View | None) -> dict[str, Any] | None:
    """A view as a page's script reads it; None if no page has it."""
    if view is None or type(view) not in FORMS:
        return None
    return {"form": FORMS[type(view)], **asdict(view)}
