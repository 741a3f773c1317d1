"""Time `ganzoo list` with 200 plugins of 5 models each, against 3 of them.

    python benchmarks/many_plugins.py [--rounds 7]

The script generates distributions into a folder: a module with hooks, and model folders with
complete cards. It measures the time to import their modules separately, with a plain loop over
entry points that loads each, and subtracts it. Everything runs in turn, in fresh processes; the
script reports medians. The bar: at most 2 times, without the imports.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = shutil.which("ganzoo", path=sysconfig.get_path("scripts")) or "ganzoo"
FEW, MANY, MODELS = 3, 200, 5
MODULE = """from pathlib import Path

from ganzoo import hookimpl


@hookimpl
def ganzoo_generators():
    return {{"gan{number}": "ganzoo_gan{number}:Generator"}}


@hookimpl
def ganzoo_discriminators():
    return {{"gan{number}": "ganzoo_gan{number}:Discriminator"}}


@hookimpl
def ganzoo_cards():
    return [Path(__file__).parent / "models"]
"""
IMPORTS = """
import sys, time
from importlib.metadata import entry_points
import ganzoo, pluggy
from ganzoo import hookimpl
from pathlib import Path
names = [e for e in entry_points(group="ganzoo") if e.name.startswith("gan")]
start = time.perf_counter()
for entry in names:
    entry.load()
print(time.perf_counter() - start)
"""


def write_site(site: Path, plugins: int) -> Path:
    """Write distributions as pip installs them; each model's card is one of the zoo's, renamed."""
    text = (ROOT / "zoo_cards" / "vanilla-mnist" / "config.json").read_text(encoding="utf-8")
    for number in range(plugins):
        name = f"ganzoo-gan{number}"
        package = site / name.replace("-", "_")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(MODULE.format(number=number))
        info = site / f"{package.name}-1.0.dist-info"
        info.mkdir()
        needs = "Requires-Dist: ganzoo-core>=0.1\nRequires-Dist: torch>=2.6\n"
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}"
        )
        (info / "entry_points.txt").write_text(f"[ganzoo]\ngan{number} = {package.name}\n")
        for model in range(MODELS):
            write_model(package / "models" / f"gan{number}-data{model}", text, name, number)
    return site


def write_model(folder: Path, text: str, distribution: str, number: int) -> None:
    config = json.loads(text)
    part = f"{distribution}/gan{number}"
    config["generator"]["name"] = config["discriminator"]["name"] = part
    config |= {"name": folder.name, "requires": {distribution: ">=0.1"}}
    folder.mkdir(parents=True)
    for file, record in config["files"].items():
        (folder / file).write_bytes(b"")
        record["bytes"] = 0
    (folder / "config.json").write_text(json.dumps(config, indent=2))


def run(words: list[str], site: Path) -> tuple[float, str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    start = time.perf_counter()
    ended = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - start, ended.stdout


def measure(sites: dict[int, Path], rounds: int) -> None:
    listing: dict[int, list[float]] = {plugins: [] for plugins in sites}
    importing: dict[int, list[float]] = {plugins: [] for plugins in sites}
    for turn in range(rounds + 1):  # the first warms caches
        for plugins, site in sites.items():
            taken, said = run([COMMAND, "list"], site)
            assert said.count("data4") == plugins, "every model is listed"
            _, told = run([sys.executable, "-c", IMPORTS], site)
            if turn:
                listing[plugins].append(taken)
                importing[plugins].append(float(told))
    above = {}
    print(f"median of {rounds} rounds, in turn; {MODELS} models each")
    for plugins in sites:
        whole, imports = (statistics.median(x[plugins]) for x in (listing, importing))
        above[plugins] = whole - imports
        print(
            f"{plugins:4} plugins: ganzoo list {whole * 1000:6.0f} ms, of which their modules' "
            f"imports {imports * 1000:5.0f} ms"
        )
    print(f"above the imports: {above[MANY] / above[FEW]:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        sites = {n: write_site(Path(folder) / str(n), n) for n in (FEW, MANY)}
        measure(sites, rounds)


if __name__ == "__main__":
    main()
