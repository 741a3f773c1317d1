"""Measure the memory that the data set `folder` takes, by its number of images.

    python benchmarks/folder_memory.py [--images 1000 100000] [--size 32] [--place FOLDER]

For each number, the script packs a folder of that many small BMP files (hard links to 200 of them,
a thousand in each sub-folder) and then reads the pack like a training: 2,000 batches of 64 in the
engine's order. Packing and reading each run in a fresh process, whose peak resident memory
includes mapped pages. The bar: a million images need no more memory than a thousand.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ORIGINALS, BATCHES, BATCH = 200, 2000, 64


def make_folder(folder: Path, count: int) -> Path:
    """A folder of `count` images of 8x8 noise."""
    import numpy as np
    from PIL import Image

    originals = [folder / ".originals" / f"{number}.bmp" for number in range(ORIGINALS)]
    originals[0].parent.mkdir(parents=True)
    for number, file in enumerate(originals):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file)
    for number in range(count):
        place = folder / f"{number // 1000:04d}"
        if number % 1000 == 0:
            place.mkdir()
        os.link(originals[number % ORIGINALS], place / f"{number:07d}.bmp")
    return folder


def pack(folder: Path, size: int) -> float:
    """Pack the folder; return the seconds for an image."""
    from ganzoo.cache.places import packs
    from ganzoo.data.packing.folder_pack import find_or_make
    from ganzoo.data.packing.pack import PackRequest
    from ganzoo.data.picture_form import Form

    start = time.perf_counter()
    _, made = find_or_make(PackRequest(folder, Form.of(size, 3), False), packs())
    return (time.perf_counter() - start) / made.rows


def read(folder: Path, size: int) -> float:
    """Open the pack and read it like a training; return the seconds for a batch."""
    from ganzoo.data.folder import FolderImages
    from ganzoo.engine.randomness import DataOrder

    data = FolderImages(str(folder), size, 3)
    order = DataOrder(len(data), seed=0)
    start = time.perf_counter()
    for number in range(BATCHES):
        data.batch(order.rows(number * BATCH, BATCH))
    return (time.perf_counter() - start) / BATCHES


def measure(what: str, folder: Path, size: int) -> None:
    """Pack or read in this process, and print the seconds and MiB that it took."""
    seconds = {"pack": pack, "read": read}[what](folder, size)
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def in_fresh_process(what: str, folder: Path, size: int, place: Path) -> tuple[float, float]:
    """The seconds and MiB of `measure` in a fresh process."""
    words = [sys.executable, __file__, "--measure", what, str(folder), "--size", str(size)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
    output = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    seconds, mebibytes = map(float, output.stdout.split())
    return seconds, mebibytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument(
        "--place", type=Path, help="the folder in which files are made and removed again"
    )
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure[0], Path(asked.measure[1]), asked.size)
        return
    print(
        f"| images | pack, MiB | packing, MiB | us an image | reading, MiB | batch of {BATCH}, us |"
    )
    print("|---|---|---|---|---|---|")
    for count in asked.images:
        place = Path(tempfile.mkdtemp(dir=asked.place))
        try:
            folder = make_folder(place / "images", count)
            packing, most = in_fresh_process("pack", folder, asked.size, place)
            reading, held = in_fresh_process("read", folder, asked.size, place)
        finally:
            shutil.rmtree(place)
        mapped = count * 3 * asked.size**2 / 2**20
        print(
            f"| {count:,} | {mapped:,.0f} | {most:.0f} | {packing * 1e6:.0f} | {held:.0f} "
            f"| {reading * 1e6:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
