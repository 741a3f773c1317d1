"""Writing the files of a model's page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any

from ganzoo import Card, Model
from ganzoo.views import Pictures
from ganzoo_web.pages.about import about, draws_noise
from ganzoo_web.pages.bundle import BROWSER, RUNTIME, page_script
from ganzoo_web.pages.figures import facts, figure_rows
from ganzoo_web.pages.packing import script
from ganzoo_web.pages.prose import prose
from ganzoo_web.pages.runtime import LICENCES, runtime_script


def write_shared(folder: Path) -> None:
    """Write what all pages share: runtime, licences, script and style."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "runtime.js", runtime_script())
    write_text(folder / "page.js", page_script())
    write_text(folder / "style.css", (BROWSER / "style.css").read_text(encoding="utf-8"))
    for source, name in LICENCES.items():
        write_text(folder / name, (RUNTIME / source).read_text(encoding="utf-8"))


def write_model(
    model: Model,
    folder: Path,
    *,
    shared: str,
    directions: Path | None = None,
    home: str = "",
) -> None:
    """Write a model's own files: its page, and the script with its weights.

    `shared` is the way from the folder to what `write_shared` wrote, and `home` that to a start
    page.
    """
    known = about(model, directions)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "model.js", script(f'models["{folder.name}"]', known))
    write_text(folder / "index.html", page(model, known, shared=shared, home=home))


def page(model: Model, known: dict[str, Any], *, shared: str, home: str = "") -> str:
    """The HTML of a model's page."""
    card, words = model.card, _words(model.card)
    noise = (
        "The network draws noise of its own, of which this page keeps one: its pictures differ a "
        "little from those of the command."
    )
    rows = figure_rows(card)
    parts = {
        "name": escape(card.name),
        "description": escape(card.description),
        "shared": shared,
        "home": f'<a class="home" href="{home}">All models</a>' if home else "",
        "figures": rows,
        "measured": "" if rows else "hidden",
        "facts": facts(card),
        "introduction": words.get("", ""),
        "sections": "\n".join(
            f"<h3>{escape(title)}</h3>\n{html}" for title, html in words.items() if title
        ),
        "noise": f"<p>{noise}</p>" if draws_noise(model) else "",
        "command": _command(model),
        "weights": f"{sum(map(len, known['parts'].values())) / 1e6:.1f}",
    }
    template = Template((BROWSER / "model.html").read_text(encoding="utf-8"))
    return template.substitute(parts)


def _command(model: Model) -> str:
    """What draws the same on the command line, as HTML."""
    command, shape = escape(f"ganzoo sample {model.card.name}"), model.generator.condition_shape
    if shape is None or len(shape) == 1:
        told = " <code>--conditions NAME=VALUE</code> chooses as here." if shape else ""
        return (
            f"The same samples on the command line: <code>{command}</code> and the seed shown "
            f"here.{told}"
        )
    if not isinstance(model.view, Pictures):
        return f"On the command line: <code>{command}</code> answers the same conditions in turn."
    return (
        f"On the command line: <code>{command} --conditions photos/</code> answers a folder of "
        "pictures."
    )


def _words(card: Card) -> dict[str, str]:
    """The card's own words; an unpublished model may have none."""
    return prose(card.readme) if (card.folder / "README.md").is_file() else {}


def write_text(path: Path, text: str) -> None:
    """Write a text file, the same on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")
