"""The gallery: a start page with a wall of every model, and a page for each of them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from ganzoo import Card, GanzooError, card, load
from ganzoo_web.pages.about import check_shown
from ganzoo_web.pages.bundle import BROWSER
from ganzoo_web.pages.problems import PageError
from ganzoo_web.pages.walls import write_wall
from ganzoo_web.pages.write import write_model, write_shared, write_text

#: By this file a later gallery knows that it may replace the folder.
RECORD = "gallery.json"
#: A figure is a column if this many models have it.
SHARED_BY = 2


@dataclass(frozen=True)
class Room:
    """A model of a gallery: its card, the folder of its page, and its wall as HTML."""

    card: Card
    folder: str
    wall: str


def write_gallery(
    names: Sequence[str], path: Path, *, force: bool = False, said: Callable[[str], None]
) -> Path:
    """Write the pages of all models that a page can show, whole or not at all.

    `said` is told of each model that was written or left out. A folder that no gallery wrote is
    replaced only with `force`. `PageError` if no model can be shown.
    """
    path = path.expanduser().resolve()
    check_replaceable(path, force)
    with _written_whole(path) as folder:
        rooms, recipes = list(_written(names, folder, said)), recipes_of(names)
        if not rooms:
            raise PageError("there is no model that a page can show; `ganzoo list` lists models")
        write_shared(folder / "common")
        write_text(folder / "index.html", start_page(rooms, recipes))
        record = {"gallery": 1, "models": [room.card.name for room in rooms]}
        write_text(folder / RECORD, json.dumps(record, indent=2) + "\n")
    return path


def check_replaceable(path: Path, force: bool) -> None:
    """Refuse a file, a folder that no gallery wrote, and one that is in use."""
    if path.exists() and not path.is_dir():
        raise PageError(f"{path} is a file; give a folder")
    foreign = path.is_dir() and any(path.iterdir()) and not (path / RECORD).is_file()
    if foreign and not force:
        raise PageError(
            f"{path} is a folder that no gallery wrote; give another, or --force to replace it"
        )
    if path in (Path.cwd(), *Path.cwd().parents):
        raise PageError(f"{path} is or holds the folder you are in; give another path")


def _written(names: Sequence[str], folder: Path, said: Callable[[str], None]) -> Iterator[Room]:
    """Write a page for each model that a page can show, and give those."""
    for name in names:
        try:
            model = load(name)
            check_shown(model)
        except GanzooError as error:
            said(f"left out: {error}")
            continue
        place = folder / name.replace("/", ".")
        write_model(model, place, shared="../common", home="../index.html")
        wall = write_wall(model, place)
        said(f"{name}: {(place / 'model.js').stat().st_size / 1e6:.1f} MB")
        yield Room(model.card, place.name, wall)


def recipes_of(names: Sequence[str]) -> list[Card]:
    """The cards of models that have no weights yet."""
    cards = []
    for name in names:
        with suppress(GanzooError):
            found = card(name)
            if not found.require_config().files:
                cards.append(found)
    return cards


def start_page(rooms: Sequence[Room], recipes: Sequence[Card] = ()) -> str:
    """The HTML of the start page."""
    columns = _columns(rooms)
    template = Template((BROWSER / "gallery.html").read_text(encoding="utf-8"))
    return template.substitute(
        lede=_lede(len(rooms)),
        recipes=_recipes(recipes),
        cards="\n".join(_card(room) for room in rooms),
        columns="".join(
            f'<th scope="col"><button type="button">{escape(name)}</button></th>'
            for name in ("model", "data", "parameters", "quality", *columns)
        ),
        rows="\n".join(_row(room, columns) for room in rooms),
    )


def _lede(count: int) -> str:
    """The start page in two sentences."""
    if count == 1:
        return (
            "A generative adversarial network that draws in this browser. Open it to steer it, or "
            "let it draw anew here."
        )
    return (
        f"{count} generative adversarial networks that draw in this browser. Open one to steer it, "
        "or let it draw anew here."
    )


def _recipes(cards: Sequence[Card]) -> str:
    """A list of models that have no weights yet."""
    if not cards:
        return ""
    items = "\n".join(
        f"<li><code>{escape(one.name)}</code> {escape(one.description)}</li>" for one in cards
    )
    return f"""<section aria-labelledby="recipes-title">
<h2 id="recipes-title">Recipes without weights</h2>
<p class="quiet">Nobody has trained these here yet: <code>ganzoo train NAME</code> does.</p>
<ul class="recipes">
{items}
</ul>
</section>"""


def _columns(rooms: Sequence[Room]) -> list[str]:
    """The figures that several models have, first those that most have."""
    held: dict[str, int] = {}
    for room in rooms:
        for name in room.card.figures:
            held[name] = held.get(name, 0) + 1
    columns = [name for name, count in held.items() if count >= min(SHARED_BY, len(rooms))]
    return sorted(columns, key=lambda name: -held[name])


def _quality(card: Card) -> str:
    """The figure that the card puts first; empty without any."""
    headline = next(iter(card.figures.items()), None)
    return "" if headline is None else f"{headline[0]} {headline[1].value:.4g}"


def _card(room: Room) -> str:
    name, link = escape(room.card.name), f"{escape(room.folder)}/index.html"
    return f"""<article class="card" data-model="{escape(room.folder)}">
<a class="exhibit" href="{link}">{room.wall}</a>
<h2><a href="{link}">{name}</a></h2>
<p>{escape(room.card.description)}</p>
<p class="quiet">{escape(_quality(room.card))}</p>
<div class="row"><button type="button" aria-label="Draw new samples of {name}">Draw anew</button>
<span class="quiet" role="status">seed 0</span></div>
</article>"""


def _row(room: Room, columns: Sequence[str]) -> str:
    name, parameters = escape(room.card.name), room.card.require_config().parameters
    size = parameters.get("generator", 0)
    link = f'<a href="{escape(room.folder)}/index.html">{name}</a>'
    cells = [f'<td data-value="{escape(room.card.data)}">{escape(room.card.data)}</td>']
    cells.append(f'<td data-value="{size}">{size:,}</td>')
    quality = escape(_quality(room.card))
    cells.append(f'<td data-value="{quality}">{quality or "–"}</td>')
    for column in columns:
        metric = room.card.figures.get(column)
        value = "" if metric is None else repr(float(metric.value))
        text = "–" if metric is None else f"{metric.value:.4g}"
        cells.append(f'<td data-value="{value}">{text}</td>')
    head = f'<th scope="row" data-value="{name}">{link}</th>'
    return f'<tr data-model="{escape(room.folder)}">{head}{"".join(cells)}</tr>'


@contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """A folder beside `path` that takes its place if the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield beside
        beside.chmod(0o755)
        old = beside.with_suffix(".old")
        if path.exists():
            path.replace(old)
        beside.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
