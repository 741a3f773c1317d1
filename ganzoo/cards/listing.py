"""The zoo's models, as Python sees them before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from ganzoo.arguments import model_of, optional_text
from ganzoo.cards import Card, catalogue


def list_models(
    pattern: str | None = None, *, family: str | None = None, data: str | None = None
) -> list[str]:
    """Names of the models, sorted; by a shell pattern or part of a name, family, data set."""
    pattern, family, data = (
        optional_text(name, value)
        for name, value in (("pattern", pattern), ("family", family), ("data", data))
    )
    zoo = catalogue()
    chosen = {card.qualified for card in zoo.select(pattern, family=family, data=data)}
    return [name for name in zoo.names() if zoo.card(name).qualified in chosen]


def card(what: str | Path) -> Card:
    """The card of a model: a name, a folder, a run; `GanzooError` where there is none."""
    return catalogue().locate(model_of(what))
