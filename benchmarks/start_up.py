"""How long commands take to start, beside the imports that they cannot do without.

    python benchmarks/start_up.py [--rounds 9] [--only list]

Fresh processes take turns; a difference or ratio is the median over rounds. The bars: `list`
within 2 times `import click, pluggy`; `sample` within `import torch` + 0.5 s, grid included;
`train` on data in the package within `import torch` + 1.0 s, up to the end of its first step.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

COMMAND = shutil.which("ganzoo", path=sysconfig.get_path("scripts")) or "ganzoo"
#: Trains as the command does and leaves after the first step.
FIRST_STEP = """
import os, sys
import ganzoo.engine.train as engine
step = engine.step
def first_step(*given):
    step(*given)
    os._exit(0)
engine.step = first_step
from ganzoo.cli import main
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class Case:
    """A command, what it is held against, and its bar: seconds more, or else times as long."""

    words: list[str]
    base: list[str]
    seconds: float | None = None
    times: float | None = None


def cases(folder: Path) -> dict[str, Case]:
    """The commands by name; what they write goes into a folder."""
    torch = [sys.executable, "-c", "import torch"]
    leaving = [sys.executable, "-c", "import os, torch; os._exit(0)"]  # as FIRST_STEP leaves
    click = [sys.executable, "-c", "import click, pluggy"]
    grid = str(folder / "grid.png")
    train = ["train", "dcgan-mnist", "--data", "mnist-mini", "--images", "64", "--quiet"]
    run = ["--out", str(folder / "run")]
    return {
        "list": Case([COMMAND, "list"], click, times=2.0),
        "sample": Case([COMMAND, "sample", "dcgan-mnist", "-o", grid], torch, seconds=0.5),
        "train": Case([sys.executable, "-c", FIRST_STEP, *train, *run], leaving, seconds=1.0),
    }


def seconds(words: list[str], folder: Path) -> float:
    """How long a process takes, in a folder without a run."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    started = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return time.perf_counter() - started


def line(name: str, case: Case, pairs: list[tuple[float, float]]) -> str:
    """A case's medians beside its bar."""
    whole, base = (statistics.median(column) for column in zip(*pairs, strict=True))
    if case.times is not None:
        ratio = statistics.median(one / other for one, other in pairs)
        result, bar = f"{ratio:.2f} times", f"{case.times} times"
    else:
        more = statistics.median(one - other for one, other in pairs)
        result, bar = f"{more:+.2f} s", f"+{case.seconds} s"
    return f"{name:8}{whole:8.2f} s{base:8.2f} s   {result:>11}   (bar: {bar})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=("list", "sample", "train"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        chosen = {n: c for n, c in cases(folder).items() if given.only in (None, n)}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
        for number in range(given.rounds + 1):
            for name, case in chosen.items():
                pair = seconds(case.words, folder), seconds(case.base, folder)
                if number:  # the first round warms the caches
                    taken[name].append(pair)
        print(f"median of {given.rounds} rounds\n{'':8}{'command':>10}{'imports':>10}")
        for name, case in chosen.items():
            print(line(name, case, taken[name]))


if __name__ == "__main__":
    main()
