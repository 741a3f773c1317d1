"""What a page is told of a run: everything at first, then only what is new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo import Run
from ganzoo_web.trainings.hearing import heard

#: Grids that a browser shows, and how they are sent.
PICTURES = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}
#: Samples that are text, and the most lines of a file and characters of a line that are told.
TEXT, LINES, WIDTH = ".txt", 64, 200
#: Events after which grids and scenes of the same images may be others.
TURNS = ("started", "resumed", "rolled back")

_HAVE = re.compile(r"(\d{1,9})\.(\d{1,18})\.(\d{1,9})")


@dataclass(frozen=True)
class Have:
    """What a page has of a run: rows of figures, the last one's images, events."""

    rows: int = 0
    last: int = 0
    events: int = 0

    @classmethod
    def of(cls, text: str) -> Have:
        """Read `ROWS.LAST.EVENTS`; anything else stands for nothing."""
        found = _HAVE.fullmatch(text)
        return cls(*map(int, found.groups())) if found else cls()


def tell(run: Run, have: Have | None = None) -> dict[str, Any]:
    """What a page lacks of a run, as JSON data.

    `from` is the number of the first row told; it is 0 where the rows that the page has are no
    longer the run's, since it was resumed or rolled back. `pictures`, `heard` and `scenes` are
    images seen; `turn` changes when those of the same images may have changed. `texts` are lines by
    images seen, from the last row on that the page has. `settings` are told once.
    """
    have = have or Have()
    rows, journal = run.metrics, run.journal
    known = 0 < have.rows <= len(rows) and rows[have.rows - 1]["images"] == have.last
    first = have.rows if known else 0
    events = have.events if have.events <= len(journal) else 0
    told: dict[str, Any] = {
        "name": run.name,
        "state": run.state,
        "images": run.images,
        "from": first,
        "rows": rows[first:],
        "events_from": events,
        "events": journal[events:],
        "pictures": [*pictures(run)],
        "texts": texts(run, since=have.last if known else 0),
        "heard": [*heard(run)],
        "scenes": [int(path.stem) for path in run.scenes],
        "turn": sum(event.get("event") in TURNS for event in journal),
    }
    if not have.events:
        told |= {
            "of": run.recipe.images,
            "seed": run.recipe.seed,
            "settings": run.settings,
            "description": run.config.description,
        }
    return told


def pictures(run: Run) -> dict[int, Path]:
    """A run's grids that a browser can show, by images seen."""
    return {int(path.stem): path for path in run.samples if path.suffix.lower() in PICTURES}


def texts(run: Run, since: int = 0) -> dict[str, list[str]]:
    """The lines of a run's samples of text, by images seen."""
    found = {int(path.stem): path for path in run.samples if path.suffix.lower() == TEXT}
    return {str(images): _lines(path) for images, path in found.items() if images >= since}


def _lines(path: Path) -> list[str]:
    """The first lines of a file; none if it is being replaced."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line[:WIDTH] for line in lines[:LINES]]
