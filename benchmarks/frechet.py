"""Measure the time and memory of the Fréchet distance, against the textbook's way.

    python benchmarks/frechet.py [--dim 2048] [--n 50000] [--repeats 3]

Two sets of n synthetic feature vectors come in chunks of 1,000 in float32, as an extractor gives
them. ganzoo streams them into `Moments`. The textbook keeps all chunks, joins them, and takes
their mean (in float32), numpy.cov and the square roots of the eigenvalues of C1 C2. Each runs in a
fresh process, in turn; the time to draw the features is not counted. Seconds are wall-clock time,
and processor time over all threads. Peak memory is the whole process's, torch included. The bar at
the defaults on two cores: 60 s and 1 GB.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ganzoo.metrics import Moments, frechet_distance

CHUNK = 1000


class Watch:
    """Wall-clock and processor time, counted only inside a `with` block."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def __enter__(self) -> None:
        self.started = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self.started[0]
        self.processor += time.process_time() - self.started[1]


def chunks(dim: int, n: int, seed: int) -> Iterator[Tensor]:
    """Features [<= 1000, dim] whose spread falls off over the dimensions, as a network's does."""
    rng = torch.Generator().manual_seed(seed)
    spread = torch.linspace(1, 0.01, dim) * (1 + 0.1 * seed)
    for start in range(0, n, CHUNK):
        yield torch.randn(min(CHUNK, n - start), dim, generator=rng).mul_(spread).relu_()


def streamed(dim: int, n: int, watch: Watch) -> float:
    both = Moments(dim), Moments(dim)
    for seed, moments in enumerate(both):
        for chunk in chunks(dim, n, seed):
            with watch:
                moments.update(chunk)
    with watch:
        return frechet_distance(*both)


def textbook(dim: int, n: int, watch: Watch) -> float:
    kept = [list(chunks(dim, n, seed)) for seed in range(2)]
    with watch:
        one, two = (torch.cat(parts).numpy() for parts in kept)
        c1, c2 = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
        roots = np.sqrt(np.linalg.eigvals(c1 @ c2).astype(complex)).real.sum()
        means = np.square(one.mean(0) - two.mean(0)).sum()
        return float(means + np.trace(c1) + np.trace(c2) - 2 * roots)


def nothing(dim: int, n: int, watch: Watch) -> float:
    return float("nan")


WAYS = {"imports only": nothing, "ganzoo, streamed": streamed, "textbook": textbook}


def in_fresh_process(way: str, dim: int, n: int) -> list[float]:
    """Both times, the MiB and the distance of one way, in a fresh process."""
    words = [sys.executable, __file__, "--measure", way, "--dim", str(dim), "--n", str(n)]
    output = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(word) for word in output.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dim", type=int, default=2048)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        watch = Watch()
        distance = WAYS[asked.measure](asked.dim, asked.n, watch)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(watch.wall, watch.processor, peak, distance)
        return
    rounds = [
        {way: in_fresh_process(way, asked.dim, asked.n) for way in WAYS}
        for _ in range(asked.repeats)
    ]
    print(
        f"2 x {asked.n:,} features of {asked.dim:,}, {torch.get_num_threads()} thread(s), "
        f"median of {asked.repeats} rounds in turn"
    )
    print("| way | seconds | of the processor | peak, MiB | distance |")
    print("|---|---|---|---|---|")
    for way in WAYS:
        columns = zip(*(found[way] for found in rounds), strict=True)
        wall, processor, peak, distance = map(statistics.median, columns)
        print(f"| {way} | {wall:.2f} | {processor:.2f} | {peak:,.0f} | {distance:.9g} |")


if __name__ == "__main__":
    main()
