"""A check that two processes of a training compute what one does."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ganzoo.plugins import CORE
from ganzoo.specs import write_record
from ganzoo.testing.failures import Skipped, line_of, wrong
from ganzoo.testing.games import Game
from ganzoo.testing.plugin_sources import STANDINS
from ganzoo.testing.subjects import GameSubject

#: How far gradients of the same batch may lie apart: the order of sums, over two steps.
CLOSE = 1e-3
#: Set in the environment of the two processes, so that modules whose import runs checks start no
#: others.
INSIDE = "GANZOO_TWO_PROCESSES"
#: Seconds for importing torch and playing, on a machine that is busy.
PATIENCE = 300


def check_two_processes(subject: GameSubject) -> str:
    """Two gloo processes have the gradients, and the loss's state, of one with the whole batch.

    Layers with batch statistics and dropout are in evaluation mode, as two processes see other
    halves and draw other numbers.
    """
    if sys.platform == "win32":
        raise Skipped("it needs a system that can fork a process")
    if os.environ.get(INSIDE):
        raise Skipped("this is one of two processes already, whose imports run checks")
    subject.game.setup()  # skips a game that cannot start
    if name := _in_the_script(subject.game):
        raise Skipped(
            f"{name} is in the script that runs, and another process would run the whole of it "
            "again: put the parts into a module of their own"
        )
    games = subject.games or (subject.game,)
    found = _found(tuple(game for game in games if not _in_the_script(game)))[subject.game.name]
    if "error" in found:
        raise wrong(f"with two processes the game fails: {found['error']}")
    if found.get("draws"):
        raise Skipped("its networks draw inside, and two processes draw other numbers than one")
    if found["apart"] > CLOSE:
        state, _ = subject.game.setup()
        raise wrong(
            f"two processes with half of a batch each find another value than one with the whole: "
            f"{found['worst']} is off by {found['apart']:.2g} of its size; a term is no mean over "
            "samples (a square of a mean, statistics of the batch, a maximum), or counts rows; "
            "return values per sample, and waive this where the paper wants batch statistics",
            line_of(type(state.loss), r"mean\(|std\(|max\(|len\(|shape\[0\]", "discriminator"),
        )
    return f"apart by {found['apart']:.1g} at most"


@functools.lru_cache(maxsize=4)
def _found(games: tuple[Game, ...]) -> dict[str, dict[str, Any]]:
    """What two processes found of each game; starting them takes longer than playing."""
    with tempfile.TemporaryDirectory() as folder:
        plan, out = Path(folder) / "plan.json", Path(folder) / "found.json"
        plan.write_text(json.dumps(_plan(games)), encoding="utf-8")
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "ganzoo.testing.two_ranks", str(plan), str(out)],
                env={
                    **os.environ,
                    "PYTHONPATH": paths,
                    "TORCH_CPP_LOG_LEVEL": "ERROR",
                    INSIDE: "1",
                },
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Skipped(f"two processes did not end in {PATIENCE} s on this machine") from None
        if not out.is_file():
            said = (ended.stderr.strip().splitlines() or ["nothing was said"])[-1]
            raise Skipped(f"two gloo processes cannot meet on this machine ({said[:200]})")
        found: dict[str, dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _in_the_script(game: Game) -> str:
    """A part of the game that another process could import by running this script only."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    for kind, part in game.parts.items():
        module = game.world.registry.find(kind, part.name).target.partition(":")[0]
        file = getattr(sys.modules.get(module), "__file__", None)
        same = bool(script and file) and Path(str(script)).resolve() == Path(str(file)).resolve()
        if module == "__main__" or same:
            return part.name
    return ""


def _plan(games: tuple[Game, ...]) -> dict[str, Any]:
    """The games and the plugins whose parts they are played with, by name."""
    plugins = [
        (plugin.distribution, plugin.version, plugin.parts)
        for plugin in games[0].world.manager.plugins.values()
        if plugin.distribution not in (CORE, STANDINS)
    ]
    return {"plugins": plugins, "games": {game.name: _told(game) for game in games}}


def _told(game: Game) -> dict[str, Any]:
    """A game as JSON data."""
    parts = {"data" if role == "dataset" else role: part for role, part in game.parts.items()}
    return {
        **{role: write_record(part) for role, part in parts.items()},
        "recipe": dict(game.recipe),
    }
