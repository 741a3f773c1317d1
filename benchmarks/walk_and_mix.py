"""Measure how long `ganzoo walk` and `ganzoo mix` take, beyond importing torch.

    python benchmarks/walk_and_mix.py [WHAT ...] [--threads 1]

WHAT are models, by default all that can be used. Each command runs with its defaults in a process
of its own: a film of 90 frames, and a grid. The clock starts when torch is imported and stops when
the file is written; the processor's time hardly changes with what else the machine does. A model
that refuses a command says what it lacks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ganzoo.cards import catalogue
from ganzoo.terminal import markdown

COMMANDS = {"walk": "walk.webp", "mix": "mix.png"}
#: Runs one command after torch was imported, and prints its seconds: of the clock, of processors.
TIMED = """
import json, sys, time
import torch
torch.set_num_threads(int(sys.argv[1]))
clock, busy = time.monotonic(), time.process_time()
from ganzoo.cli import main
try:
    main(sys.argv[2:])
except SystemExit as ended:
    code = ended.code or 0
print(json.dumps([code, time.monotonic() - clock, time.process_time() - busy]))
"""


def cell(command: str, what: str, threads: int) -> str:
    """Seconds of processors and of the clock, and the file's size; or why the model refuses."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / COMMANDS[command]
        done = subprocess.run(
            [sys.executable, "-c", TIMED, str(threads), command, what, "-o", str(out)],
            capture_output=True, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )  # fmt: skip
        code, clock, busy = json.loads(done.stdout.splitlines()[-1])
        if code:
            return done.stderr.strip().splitlines()[-1].partition(": ")[2]
        kilobytes = out.stat().st_size / 1e3
    return f"{busy:.1f} s ({clock:.1f} s), {kilobytes:,.0f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    zoo = catalogue()
    names = given.what or [zoo.name_of(card) for card in zoo.cards if card.status == "ready"]
    rows = [
        [f"`{name}`", *(cell(command, name, given.threads) for command in COMMANDS)]
        for name in names
    ]
    print(markdown(["model", *(f"`{command}`" for command in COMMANDS)], rows))


if __name__ == "__main__":
    main()
