"""Measure images a second of our engine and of a plain textbook's loop, on the same networks.

    python benchmarks/train_step.py [--of field|zoo] [--rounds 7] [--threads 2] [--measures]

Each case is a process of its own that waits between its turns. Cases take turns, and a ratio is
the median over rounds. `field` plays the four games with the networks that tutorials use, `zoo`
with those of the published recipes. With --measures, our engine runs with one measure left out at
a time.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
#: Seconds of one turn of a case, after the first steps, which warm up.
TURN, WARM_UP = 1.5, 5

RMSPROP = {"name": "rmsprop", "lr": 5e-5}
ADAM = {"name": "adam", "lr": 2e-4, "arguments": {"betas": [0.5, 0.999]}}
FIELD: dict[str, dict[str, Any]] = {
    "vanilla": {"networks": "mlp", "loss": "non-saturating", "steps": 1, "optimizer": ADAM},
    "dcgan": {"networks": "conv", "loss": "non-saturating", "steps": 1, "optimizer": ADAM},
    "wgan": {"networks": "mlp", "loss": "wgan", "steps": 5, "optimizer": RMSPROP},
    "wgan-gp": {"networks": "mlp", "loss": "wgan-gp", "steps": 5, "optimizer": ADAM},
}
MEASURES = {
    "data": "uint8 tensor indexed, no DataLoader over PIL",
    "fused": "fused optimizers",
    "frozen": "discriminator's weights frozen in the generator's turn",
    "reuse": "fakes of the last turn reused",
    "one-pass": "real and fake in one pass, where the discriminator keeps samples apart",
    "item": "no `.item()` at each step",
    "allocator": "glibc told to keep memory",
    "layers": "ganzoo.layers",
    "layout": "channels lying together in memory",
}

Step = Callable[[], None]


# --- One case, in a process of its own --------------------------------------------------------


def raw_config(suite: str, name: str) -> dict[str, Any]:
    """The config of a case, on the package's digits."""
    if suite == "zoo":
        from ganzoo.cards import catalogue
        from ganzoo.recipes import RESULTS

        raw = {k: v for k, v in catalogue().card(f"{name}-mnist").raw.items() if k not in RESULTS}
        raw["recipe"] = {**raw["recipe"], "data": {"name": "mnist-mini"}}
        return raw
    from ganzoo.engine.config import config_of

    case = FIELD[name]
    part = f"field-{case['networks']}"
    raw = config_of(part, part, case["loss"], "mnist-mini")
    size = {"arguments": {"size": 32}} if case["networks"] == "conv" else {}
    both = {"generator": case["optimizer"], "discriminator": case["optimizer"]}
    raw["recipe"] |= {
        "data": {"name": "mnist-mini", **size},
        "discriminator_steps": case["steps"],
        "optimizers": both,
    }
    return raw


def field_world() -> Any:
    """The installed plugins and the tutorials' networks."""
    sys.path.insert(0, str(HERE))
    import field_networks

    from ganzoo import hookimpl
    from ganzoo.cards import Catalogue
    from ganzoo.plugins import PluginManager, PluginSource
    from ganzoo.plugins.distributions import installed_sources

    module = ModuleType("field_plugin")

    @hookimpl
    def ganzoo_generators() -> dict[str, str]:
        return field_networks.GENERATORS

    @hookimpl
    def ganzoo_discriminators() -> dict[str, str]:
        return field_networks.DISCRIMINATORS

    module.__dict__.update(
        ganzoo_generators=ganzoo_generators, ganzoo_discriminators=ganzoo_discriminators
    )
    own = PluginSource("field", "1.0", lambda: module)
    return Catalogue(PluginManager([*installed_sources(), own]))


def our_step(raw: dict[str, Any], without: str) -> tuple[Step, int]:
    """A step of our engine with one measure left out, and its images."""
    import torch

    from ganzoo.engine.config import resolve
    from ganzoo.engine.prepare import prepare
    from ganzoo.engine.train import update_average
    from ganzoo.engine.turns import step

    if without == "reuse":
        raw["recipe"] = {**raw["recipe"], "reuse_fakes": False}
    if without == "fused":
        for spec in raw["recipe"]["optimizers"].values():
            spec["arguments"] = {**spec.get("arguments", {}), "foreach": True}
    config = resolve(raw, "the benchmark")
    state, setup = prepare(config, torch.device("cpu"))
    setup = take_away(without, state, setup)
    log = (lambda _, values: values.mean().item()) if without == "item" else state.meter.add

    def one() -> None:
        step(state, setup, log)
        state.meter.step_ended()
        update_average(state, setup)

    return one, setup.recipe.images_per_step


def take_away(without: str, state: Any, setup: Any) -> Any:
    """Leave out a measure that lies in the networks or the setup; the setup to play with."""
    import torch
    from textbook import batches, make_plain

    networks = (state.generator, state.discriminator, state.average.module)
    if without == "frozen":
        for parameter in setup.trainable:
            parameter.requires_grad_(True)
        return replace(setup, trainable=())
    if without == "one-pass":
        state.discriminator.independent = False
    if without == "layers":
        make_plain(state.generator)
        make_plain(state.discriminator)
    if without == "layout":
        for network in networks:
            network.to(memory_format=torch.contiguous_format)
    if without == "data":
        loader = batches(digits(), setup.recipe.batch, setup.data.sample_shape[-1])
        setup.data.batch = lambda rows: (next(loader), None)
    return setup


def digits() -> Any:
    """The package's digits, uint8 [2000, 1, 28, 28]."""
    from ganzoo.data.mnist import MNISTMini

    return MNISTMini().images


def textbook_step(raw: dict[str, Any]) -> tuple[Step, int]:
    """A step of the textbook's loop, and the number of its images."""
    import torch
    from textbook import batches, textbook_of

    from ganzoo.engine.config import resolve

    config = resolve(raw, "the benchmark")
    loop, state, setup = textbook_of(config, torch.device("cpu"))
    recipe = config.recipe
    loader = batches(digits(), recipe.batch, setup.data.sample_shape[-1])

    def latents() -> Any:
        return torch.randn(recipe.batch, state.generator.latent_dim)

    def one() -> None:
        for _ in range(recipe.discriminator_steps):
            loop.discriminator_turn(next(loader), latents())
        loop.generator_turn(latents(), 0.995)

    return one, recipe.images_per_step


def work(suite: str, name: str, side: str, without: str, threads: int) -> None:
    """For each line of input, run for a while and print the images a second."""
    if side == "ours" and without != "allocator":
        from ganzoo.engine.run.process import tune_allocator

        tune_allocator()
    import torch

    from ganzoo.cards import using

    torch.set_num_threads(threads)
    with using(field_world()):
        raw = raw_config(suite, name)
        one, images = our_step(raw, without) if side == "ours" else textbook_step(raw)
        for _ in range(WARM_UP):
            one()
        print("ready", flush=True)
        for _ in sys.stdin:
            steps, started = 0, time.perf_counter()
            while time.perf_counter() - started < TURN:
                one()
                steps += 1
            print(steps * images / (time.perf_counter() - started), flush=True)


# --- Cases beside each other ------------------------------------------------------------------


class Case:
    """A process that runs for a while when it is told to."""

    def __init__(self, suite: str, name: str, side: str, threads: int, without: str = "") -> None:
        words = ["--worker", suite, name, side, without or "-", "--threads", str(threads)]
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "train_step.py"), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.rates: list[float] = []

    def say(self, word: str) -> str:
        if word:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("a case has died; its error stands above")
        return answer

    def run(self) -> None:
        self.rates.append(float(self.say("go")))

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def cases(*made: Case) -> Iterator[tuple[Case, ...]]:
    try:
        for case in made:
            case.say("")
        yield made
    finally:
        for case in made:
            case.end()


def ratio(one: Case, other: Case) -> float:
    """The median over rounds of one case's rate over the other's."""
    return statistics.median(a / b for a, b in zip(one.rates, other.rates, strict=True))


def against_the_textbook(suite: str, names: list[str], rounds: int, threads: int) -> None:
    print("| recipe | textbook, images/s | ours, images/s | times faster |\n|---|---|---|---|")
    for name in names:
        made = (Case(suite, name, side, threads) for side in ("textbook", "ours"))
        with cases(*made) as (textbook, ours):
            for _ in range(rounds):
                textbook.run()
                ours.run()
        plain, fast = (statistics.median(case.rates) for case in (textbook, ours))
        print(f"| {name} | {plain:,.0f} | {fast:,.0f} | {ratio(ours, textbook):.2f} |", flush=True)


def measure_by_measure(suite: str, names: list[str], rounds: int, threads: int) -> None:
    rows: dict[str, list[str]] = {text: [] for text in MEASURES.values()}
    for name in names:
        made = [Case(suite, name, "ours", threads)]
        made += [Case(suite, name, "ours", threads, without) for without in MEASURES]
        with cases(*made) as (whole, *lacking):
            for _ in range(rounds):
                for case in (whole, *lacking):
                    case.run()
        for text, case in zip(MEASURES.values(), lacking, strict=True):
            rows[text].append(f"{ratio(whole, case):.2f}")
    print(f"\n| with it, times faster | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for text, found in rows.items():
        print(f"| {text} | {' | '.join(found)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--of", choices=("field", "zoo"), default="field")
    parser.add_argument("--recipes", nargs="+", default=[*FIELD], choices=[*FIELD])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measures", action="store_true")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        sys.path.insert(0, str(HERE))
        work(*given.worker, given.threads)
    elif given.measures:
        measure_by_measure(given.of, given.recipes, given.rounds, given.threads)
    else:
        against_the_textbook(given.of, given.recipes, given.rounds, given.threads)


if __name__ == "__main__":
    main()
