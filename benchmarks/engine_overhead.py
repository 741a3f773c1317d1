"""Measure the engine's own time in a step, on networks that do nothing, and its memory.

    python benchmarks/engine_overhead.py [--rounds 60] [--memory 10000]

"Ours" is the whole loop (turns, average, figures, checks, progress). The bare step only makes the
same calls of networks, losses and optimizers. The two take turns, and the difference is the
engine's time. Memory is the whole process's, after a tenth of the steps and after all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Discriminator, Generator, hookimpl
from ganzoo.cards import Catalogue, using
from ganzoo.engine.config import config_of, resolve
from ganzoo.engine.prepare import prepare
from ganzoo.engine.run.keeper import CheckpointKeeper
from ganzoo.engine.run.options import RunOptions
from ganzoo.engine.run.recorder import Recorder
from ganzoo.engine.run.resume import setting_of
from ganzoo.engine.run.tracking import Trackers
from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.train import update_average
from ganzoo.engine.turns import step
from ganzoo.plugins import PluginManager, PluginSource

STEPS = 100  #: of one turn of a case


class NothingGenerator(Generator):
    """Scales its latents."""

    latent_dim, sample_shape = 2, (2,)

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return latents * self.scale


class NothingDiscriminator(Discriminator):
    """Adds up its samples."""

    sample_shape, independent = (2,), True

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        return (samples * self.scale).sum(1)


def world() -> Catalogue:
    """The core and networks that do nothing."""
    module = ModuleType("nothing_plugin")

    @hookimpl
    def ganzoo_generators() -> dict[str, str]:
        return {"nothing": "__main__:NothingGenerator"}

    @hookimpl
    def ganzoo_discriminators() -> dict[str, str]:
        return {"nothing": "__main__:NothingDiscriminator"}

    module.__dict__.update(
        ganzoo_generators=ganzoo_generators, ganzoo_discriminators=ganzoo_discriminators
    )
    return Catalogue(PluginManager([PluginSource("nothing", "1.0", lambda: module)]))


def our_step(folder: Path) -> tuple[Any, TrainingState, Setup]:
    """The engine's whole loop, one step at a time."""
    raw = config_of("nothing", "nothing", "non-saturating", "ring")
    raw["recipe"]["images"] = 10**9
    config = resolve(raw, "the benchmark")
    state, setup = prepare(config, torch.device("cpu"))
    run = RunOptions(folder, quiet=True, grid_every=10**9, checkpoint_seconds=1e9)
    checkpoints = CheckpointKeeper(config.recipe, run, setting_of(config, setup, run))
    recorder = Recorder(state, setup, config, run, checkpoints, Trackers(()))

    def one() -> None:
        judged = step(state, setup, state.meter.add)
        update_average(state, setup)
        recorder.step_ended(judged)

    return one, state, setup


def bare_step(state: TrainingState, setup: Setup) -> Any:
    """The same networks, losses and optimizers, and nothing else."""
    generator, discriminator = state.generator, state.discriminator
    first, second = state.discriminator_optimizer, state.generator_optimizer
    real, latents = setup.data.batch(torch.arange(64))[0], torch.randn(64, 2)

    def one() -> None:
        fake = generator(latents)
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)
        first.zero_grad()
        ours, theirs = discriminator(torch.cat([real, fake.detach()])).chunk(2)
        (softplus(-ours).mean() + softplus(theirs).mean()).backward()
        first.step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)
        second.zero_grad()
        softplus(-discriminator(fake)).mean().backward()
        second.step()

    return one


def microseconds(one: Any) -> float:
    started = time.perf_counter()
    for _ in range(STEPS):
        one()
    return (time.perf_counter() - started) / STEPS * 1e6


def resident_mib() -> float:
    """The memory that the process holds now (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--memory", type=int, default=10_000, help="steps")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with using(world()), tempfile.TemporaryDirectory() as place:
        ours, state, setup = our_step(Path(place))
        bare = bare_step(state, setup)
        microseconds(ours), microseconds(bare)
        rows = [(microseconds(ours), microseconds(bare)) for _ in range(given.rounds)]
        apart = [one - other for one, other in rows]
        for name, pick in {"median": statistics.median, "least": min}.items():
            whole, least = (pick(column) for column in zip(*rows, strict=True))
            own = pick(apart) if pick is not min else whole - least
            print(f"{name}: a step {whole:.0f} us, bare {least:.0f} us, the engine's {own:.0f} us")
        for _ in range(given.memory // 10):
            ours()
        early = resident_mib()
        for _ in range(given.memory - given.memory // 10):
            ours()
        late = resident_mib()
        print(
            f"memory after {given.memory // 10:,} steps {early:.1f} MiB, after {given.memory:,} "
            f"{late:.1f} MiB: {(late / early - 1) * 100:+.2f}%"
        )


if __name__ == "__main__":
    sys.exit(main())
