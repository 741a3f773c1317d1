"""A dissection as a page with pictures before and after, and as tables."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganzoo.data.devices import as_bytes
from ganzoo.errors import UsageError
from ganzoo.files import folder_written_whole
from ganzoo.latent.dissecting import Cause, Dissection
from ganzoo.latent.effects import percent, rounded
from ganzoo.latent.files import fingerprint
from ganzoo.notebooks import image
from ganzoo.writers.images import picture_of

if TYPE_CHECKING:
    from ganzoo.zoo import Model

#: What the folder contains: the page, the sets of units, and each single unit's effects.
PAGE, SETS, EFFECTS = "index.html", "dissection.json", "effects.csv"
#: A picture is shown about this wide, in pixels of the page.
WIDE = 96

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}
h1,h2{line-height:1.2}h2{margin-top:2.5rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #ddd;white-space:nowrap}
figure{margin:.6rem 0;display:flex;flex-wrap:wrap;gap:10px 4px}
figure span{display:grid;gap:2px}
figcaption{display:grid;align-items:center;width:4rem}
img{image-rendering:pixelated}
.units{color:#666;font-size:.9em;overflow-wrap:anywhere}
"""


def write_page(dissection: Dissection, model: Model, folder: Path) -> Path:
    """Write the folder whole, with `index.html`, `dissection.json` and `effects.csv`.

    It replaces an older dissection; `UsageError` if the folder contains anything else.
    """
    ours = {PAGE, SETS, EFFECTS}
    if folder.exists() and not (folder.is_dir() and {p.name for p in folder.iterdir()} <= ours):
        raise UsageError(f"{folder} exists and contains other things; give a new folder")
    files = {
        PAGE: _page(dissection, model),
        SETS: json.dumps(_as_json(dissection, model), indent=2) + "\n",
        EFFECTS: _effects(dissection),
    }
    with folder_written_whole(folder) as beside:
        for name, text in files.items():
            (beside / name).write_text(text, encoding="utf-8", newline="\n")
    return folder / PAGE


def _as_json(dissection: Dissection, model: Model) -> dict[str, Any]:
    return {
        "model": {"name": model.card.name, "sha256": fingerprint(model)},
        "layer": {
            "name": dissection.layer.name,
            "units": dissection.layer.units,
            "maps": [dissection.layer.height, dissection.layer.width],
        },
        "judge": dissection.judge,
        "removal": dissection.removal,
        "samples": dissection.samples,
        "seed": dissection.seed,
        "causes": [
            {
                "property": cause.name,
                "best": cause.best,
                "units": list(cause.units),
                "sets": {size: rounded(effect) for size, effect in cause.sets.items()},
            }
            for cause in dissection.causes
        ],
    }


def _effects(dissection: Dissection) -> str:
    """A row for each unit, with the drop of each property's probability if it is removed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["unit", *dissection.properties])
    for unit, row in enumerate(dissection.effects.tolist()):
        writer.writerow([unit, *(f"{value:.5f}" for value in row)])
    return text.getvalue()


def _page(dissection: Dissection, model: Model) -> str:
    name = html.escape(model.card.name)
    sections = "\n".join(_section(dissection, model, cause) for cause in dissection.causes)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}: which units cause what</title><style>{STYLE}</style></head><body>
<h1>{name}: which units cause what</h1>
<p>{_introduction(dissection)}</p>
{_overview(dissection)}
{sections}
</body></html>
"""


def _introduction(d: Dissection) -> str:
    value = "0" if d.removal == "zero" else "its mean"
    return html.escape(
        f"Units are the {d.layer.units} channels of layer {d.layer.name}, maps of "
        f"{d.layer.height}x{d.layer.width}. To remove a unit is to set it to {value} everywhere. "
        f"{d.judge} judges what a sample has. Units are ranked by how far the removal of each one "
        f"alone lowers the probability of a property, on {d.samples} samples, and the first ones "
        f"are removed together; their number was chosen there too. The figures below are of "
        f"{d.samples} other samples, seed {d.seed} (after Bau et al. 2019, GAN Dissection, eq. 4: "
        "the part of the average causal effect that removal has)."
    )


def _overview(dissection: Dissection) -> str:
    head = ("property", "had by", "units removed", "lost by", "other attributes that change")
    rows = "".join(_row("td", _cells(dissection, cause)) for cause in dissection.causes)
    return f"<table>{_row('th', head)}{rows}</table>"


def _cells(dissection: Dissection, cause: Cause) -> tuple[str, ...]:
    effect, had = cause.effect, f"{dissection.count(cause)} of {dissection.samples}"
    others = "-"
    if effect.most_moved is not None:
        most = f"{effect.most_moved} {percent(effect.most)}"
        others = f"{percent(effect.others)}, most {most}"
    return cause.name, had, str(cause.best), percent(effect.lost), others


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _section(dissection: Dissection, model: Model, cause: Cause) -> str:
    before, after = dissection.draw(model, cause)
    removed = ", ".join(map(str, cause.units[: cause.best]))
    title = html.escape(cause.name)
    if not len(before):
        return f"<h2>{title}</h2><p>None of the {dissection.samples} samples has it.</p>"
    curve = ", ".join(f"{size}: {percent(effect.lost)}" for size, effect in cause.sets.items())
    return f"""<h2>{title}</h2>
<p>{percent(cause.effect.lost)} of the {dissection.count(cause)} samples that have it lose it.
<span class="units">Removed: {removed}. Lost by the number of units removed: {curve}.</span></p>
{_pictures(before, after)}"""


def _pictures(before: Tensor, after: Tensor) -> str:
    """Each sample above what is left of it."""
    times = max(1, round(WIDE / before.shape[3]))
    width = times * before.shape[3]
    pairs = "".join(
        f"<span>{_picture(one, width, 'before')}{_picture(other, width, 'after')}</span>"
        for one, other in zip(as_bytes(before), as_bytes(after), strict=True)
    )
    caption = "<figcaption><span>before</span><span>after</span></figcaption>"
    return f"<figure>{caption}{pairs}</figure>"


def _picture(pixels: Tensor, width: int, alt: str) -> str:
    file = io.BytesIO()
    picture_of(pixels).save(file, format="PNG")
    return image(file.getvalue(), alt=alt, width=width)
