"""Time `ganzoo list` as a whole process, against Python importing click and pluggy.

    python benchmarks/cold_start.py [--rounds 15]

Both run in turn, in fresh processes. The script reports the median of each, and of the ratio within
a round. The bar: at most 3 times.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

COMMAND = shutil.which("ganzoo", path=sysconfig.get_path("scripts")) or "ganzoo"
CASES = {
    "python -c 'import click, pluggy'": [sys.executable, "-c", "import click, pluggy"],
    "ganzoo list": [COMMAND, "list"],
    "ganzoo --help": [COMMAND, "--help"],
}


def seconds(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parent)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for words in CASES.values():
        seconds(words)  # caches warm
    taken = [{name: seconds(words) for name, words in CASES.items()} for _ in range(rounds)]
    base = next(iter(CASES))
    print(f"median of {rounds} rounds, in turn")
    for name in CASES:
        middle = statistics.median(row[name] for row in taken)
        ratio = statistics.median(row[name] / row[base] for row in taken)
        print(f"{name:34}{middle * 1000:8.0f} ms{ratio:8.2f} times")


if __name__ == "__main__":
    main()
