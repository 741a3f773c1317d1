"""A small real run of points in the plane, with figures, grids and scenes."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager
from short_runs import config, play
from tiny import tiny_plugin

#: What a page must show as text.
HOSTILE = '<img src=x onerror="globalThis.hacked = 1">\'</script><script>hacked = 2</script>'


def make_run(folder: Path, loss: str = "non-saturating") -> Path:
    """Train ten steps on the ring: ten rows, five grids, scenes with a mesh."""
    with using(Catalogue(PluginManager([tiny_plugin()]))):
        game = config(
            loss, generator=("tiny", {"latent_dim": 2}), data=("ring", {"length": 500}), steps=10
        )
        play(game, folder, log_every=16, grid_every=32)
    return folder


def copied(run: Path, folder: Path) -> Path:
    """A copy of a run, to be changed."""
    shutil.copytree(run, folder)
    return folder


def hostile(run: Path, folder: Path) -> Path:
    """A copy of a run whose name, description, settings and events are HOSTILE."""
    place = copied(run, folder / HOSTILE.replace("/", "|"))
    path = place / "config.json"
    raw = json.loads(path.read_text())
    raw["description"] = HOSTILE
    raw["recipe"]["data"]["arguments"]["split"] = HOSTILE
    path.write_text(json.dumps(raw))
    row = json.loads((place / "metrics.jsonl").read_text().splitlines()[-1])
    append(place / "metrics.jsonl", {**row, "images": row["images"] + 16, HOSTILE: 1.0})
    append(place / "journal.jsonl", {"time": 2e9, "images": 160, "event": "ill", "text": HOSTILE})
    return place


def append(path: Path, row: dict[str, object]) -> None:
    """Add a line of JSON."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def cut(path: Path, rows: int) -> list[str]:
    """Keep the first lines of a file; returns the others."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:rows]))
    return lines[rows:]


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Hold a run's lock, as its training does."""
    with closing(sqlite3.connect(folder / ".lock", isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
