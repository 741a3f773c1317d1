"""`ganzoo report`: trainings as one file that needs no server."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo import written_whole
from ganzoo_web.pages.problems import PageError
from ganzoo_web.trainings.finding import differences, found
from ganzoo_web.trainings.hearing import heard, heard_data
from ganzoo_web.trainings.page import kept_page
from ganzoo_web.trainings.scenes import scene_data
from ganzoo_web.trainings.telling import pictures, tell

#: Bytes of pictures in a page, and grids and scenes of each run, at most.
BYTES, GRIDS, SCENES = 12_000_000, 24, 60
#: WebP's quality, at which noise in a grid looks the same in a fifth of the bytes.
QUALITY = 85


@dataclass(frozen=True)
class Report:
    """What was written: its file, its runs, and how many of their grids it holds.

    `left_out` are the folders of runs that have nothing to show yet.
    """

    path: Path
    runs: int
    grids: int
    grids_there: int
    scenes: int
    left_out: tuple[Path, ...] = ()

    def __str__(self) -> str:
        megabytes = self.path.stat().st_size / 1e6
        kept = f"{self.grids} of {self.grids_there} grids" if self.grids_there else "no grids"
        scenes = f", {self.scenes} scenes" if self.scenes else ""
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        without = f"; left out, without figures: {', '.join(map(str, self.left_out))}"
        return (
            f"{self.path}: {megabytes:.1f} MB, {runs}, {kept}{scenes}"
            f"{without if self.left_out else ''}"
        )


def write_report(*folders: str | Path, out: str | Path = "report.html") -> Report:
    """Write the runs of folders as one page, and return what it holds.

    Grids are thinned evenly, with the first and the last, until they take BYTES at most. The same
    runs give the same bytes. `GanzooError` where there is no run, or none has figures.
    """
    path = Path(out).expanduser()
    asked = found([Path(folder).expanduser() for folder in folders])
    runs = [run for run in asked if run.metrics or pictures(run)]
    if not runs:
        raise PageError(
            f"{asked[0].folder} has no figures yet; its first row comes when the training logs one"
        )
    told = [tell(run) for run in runs]
    there = [len(one["pictures"]) + len(one["texts"]) for one in told]
    share = BYTES // len(runs)
    for run, one in zip(runs, told, strict=True):
        grids = embedded(pictures(run), share)
        one["texts"] = dict(thinned(list(one["texts"].items()), GRIDS))
        scenes = {int(scene.stem): scene for scene in thinned(run.scenes, SCENES)}
        sounds = {images: path for images, path in heard(run).items() if images in grids}
        one["heard_data"] = {str(images): heard_data(run, path) for images, path in sounds.items()}
        one["picture_data"] = {str(images): text for images, text in grids.items()}
        one["scene_data"] = {str(images): scene_data(file) for images, file in scenes.items()}
    page = {"runs": told, "differences": differences(runs)}
    write_whole(path, kept_page(page))
    return Report(
        path=path,
        runs=len(runs),
        grids=sum(len(one["picture_data"]) + len(one["texts"]) for one in told),
        grids_there=sum(there),
        scenes=sum(len(one["scene_data"]) for one in told),
        left_out=tuple(run.folder for run in asked if run not in runs),
    )


def embedded(grids: Mapping[int, Path], most: int) -> dict[int, str]:
    """Grids as data URLs, by images: as many, taken evenly, as fit into `most` bytes."""
    chosen = thinned(list(grids.items()), GRIDS)
    made = {images: data_url(path) for images, path in chosen}
    while len(made) > 1 and sum(map(len, made.values())) > most:
        made = dict(thinned(list(made.items()), max(1, len(made) // 2)))
    return made


def data_url(path: Path) -> str:
    """A picture as text: its own bytes, or WebP with a small loss where that is shorter."""
    from PIL import Image, features

    data, kind = path.read_bytes(), path.suffix.lower().removeprefix(".").replace("jpg", "jpeg")
    if features.check("webp"):
        with Image.open(io.BytesIO(data)) as picture:
            shorter = io.BytesIO()
            picture.convert("RGBA" if "A" in picture.mode else "RGB").save(
                shorter, format="WEBP", quality=QUALITY, method=4
            )
        if len(shorter.getvalue()) < len(data):
            data, kind = shorter.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def thinned(items: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the items, taken evenly, with the last, and the first if two fit."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[-1]]
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole; `PageError` where it cannot be written."""
    try:
        with written_whole(path) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise PageError(f"{path} cannot be written: {error.strerror or error}") from None
