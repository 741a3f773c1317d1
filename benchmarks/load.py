"""Time `ganzoo.load` against importing torch, reading and hashing, and the textbook's way.

    python benchmarks/load.py [--rounds 9]

The first part runs in fresh processes: it imports torch and then loads vanilla-mnist (half a
million parameters in the generator). The second part runs in one process, in turn: a synthetic
model with 25 million parameters is loaded by ganzoo (verified), only read and hashed, and built
and loaded the textbook's way (constructor, safetensors' load_file, load_state_dict; not verified).
The third part measures the cost of verifying in CPU seconds: the same load with and without it,
and the hash alone. The bars: at most 0.15 s over importing torch; at most 1.5 times reading and
hashing; sha256 at 1 GB/s or more, and everything except the hash within 1.1 times the load that is
not verified.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import ganzoo
from ganzoo.cards import Catalogue, using
from ganzoo.plugins import PluginManager, PluginSource
from ganzoo.plugins.hookspecs import hookimpl
from ganzoo.specs import Part, write_record
from ganzoo.weights import save_weights

IMPORT = "import time; start = time.perf_counter(); import torch; "
LOAD = "middle = time.perf_counter(); import ganzoo; ganzoo.load('vanilla-mnist'); "
SHOW = "print(time.perf_counter() - middle)"


class Wide(ganzoo.Generator):
    """25 million parameters in a few large layers."""

    latent_dim, sample_shape = 64, (1, 28, 28)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, 2900), nn.ReLU(), *(m for _ in range(3) for m in block()),
            nn.Linear(2900, 784),
        )  # fmt: skip

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(latents).reshape(-1, 1, 28, 28)


def block() -> tuple[nn.Module, ...]:
    return nn.Linear(2900, 2900, bias=False), nn.ReLU()


def synthetic(folder: Path) -> PluginSource:
    """Write the model folder, and a plugin that offers its generator."""
    import types

    module = types.ModuleType("benchmark_plugin")

    @hookimpl
    def ganzoo_generators() -> dict[str, str]:
        return {"wide": "load:Wide"}

    module.ganzoo_generators = ganzoo_generators
    record = save_weights(folder / "model.safetensors", Wide(), Part("bench/wide"))
    config = {
        "ganzoo_config": 1,
        "generator": {"name": "bench/wide"},
        "discriminator": {"name": "bench/wide"},
        "recipe": {"loss": {"name": "ganzoo/hinge"}, "data": {"name": "ganzoo/mnist"}},
        "files": {"model.safetensors": write_record(record)},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return PluginSource("bench", "1.0", lambda: module)


def textbook(path: Path) -> nn.Module:
    network = Wide()
    network.load_state_dict(load_file(path))
    return network.eval()


def clock(function, timer=time.perf_counter) -> float:
    start = timer()
    function()
    return timer() - start


def cost_of_verifying(folder: Path, rounds: int) -> None:
    """Print the pace of the hash, and what verifying adds beyond it, in CPU seconds."""
    data = (folder / "model.safetensors").read_bytes()

    def unverified() -> None:
        with mock.patch("ganzoo.weights.check_bytes"):
            ganzoo.load(folder)

    cases = (lambda: hashlib.sha256(data).digest(), lambda: ganzoo.load(folder), unverified)
    rows = [[clock(case, time.process_time) for case in cases] for _ in range(rounds)]
    digest, verified, plain = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median((row[1] - row[0]) / row[2] for row in rows)
    print(
        f"sha256 {len(data) / digest / 1e9:.2f} GB/s (bar 1); CPU time of a load: verified "
        f"{verified * 1000:.0f} ms, not {plain * 1000:.0f} ms, the hash {digest * 1000:.0f} ms; "
        f"beyond the hash {ratio:.2f} times (bar 1.1), median of {rounds} rounds in turn"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    added = []
    for _ in range(rounds):
        code = IMPORT + LOAD + SHOW
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        added.append(float(out))
    print(
        f"vanilla-mnist: {statistics.median(added):.3f} s over importing torch (bar 0.15 s), "
        f"best {min(added):.3f} s; {rounds} fresh processes"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manager = PluginManager([synthetic(folder)])
        path = folder / "model.safetensors"
        cases = {
            "hash and read": lambda: hashlib.sha256(path.read_bytes()).hexdigest(),
            "ganzoo.load, verified": lambda: ganzoo.load(folder),
            "textbook, not verified": lambda: textbook(path),
        }
        with using(Catalogue(manager)):
            for case in cases.values():
                case()
            taken = [{n: clock(case) for n, case in cases.items()} for _ in range(rounds)]
            cost_of_verifying(folder, rounds)
    megabytes = sum(p.numel() for p in Wide().parameters()) * 4 / 1e6
    print(
        f"25 million parameters, {megabytes:.0f} MB, {torch.get_num_threads()} thread(s), "
        f"median of {rounds} rounds in turn (bar 1.5 times)"
    )
    for n in cases:
        middle = statistics.median(row[n] for row in taken)
        ratio = statistics.median(row[n] / row["hash and read"] for row in taken)
        print(f"{n:26}{middle * 1000:8.0f} ms{ratio:8.2f} times")


if __name__ == "__main__":
    sys.modules["load"] = sys.modules["__main__"]  # the plugin names it as load:Wide
    main()
