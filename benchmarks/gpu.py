"""Measure images a second on a GPU, and where the time goes.

    python benchmarks/gpu.py [--seconds 150] [--out bench.md]

The script plays the zoo's recipes (and r3gan at CIFAR-10's size, if its plugin is installed) in
four ways that take turns in one process: turns as CUDA graphs, eager turns, the plain loop of
`textbook.py` with its data on the GPU, and that loop with its networks compiled by torch. A rate
is the median over rounds. Then it reports the share of the GPU's matrix throughput as measured
here, the time of each part of a step, and the peak memory. `--device cpu --seconds 5` rehearses
it; there, the same work stands in for recordings.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from ganzoo.engine.run.process import tune_allocator, tune_cuda  # noqa: E402

tune_allocator()
tune_cuda()  # before CUDA starts

import torch  # noqa: E402
from textbook import game_of, textbook_of  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils.flop_counter import flop_registry  # noqa: E402
from train_step import raw_config  # noqa: E402

from ganzoo.ema import Ema  # noqa: E402
from ganzoo.engine import turns  # noqa: E402
from ganzoo.engine.config import resolve  # noqa: E402
from ganzoo.engine.cuda_graphs import Graphs, own_stream  # noqa: E402
from ganzoo.engine.prepare import prepare  # noqa: E402
from ganzoo.engine.train import update_average  # noqa: E402
from ganzoo.errors import UnknownNameError  # noqa: E402
from ganzoo.losses import penalties  # noqa: E402

#: The recipes of which one is r3gan's: 2 x 2 residual blocks of grouped convolutions a stage.
NAMES = ("dcgan-mnist", "wgan-gp-mnist", "vanilla-mnist", "r3gan-32")
GRAPHS, EAGER, PLAIN, COMPILED = "graphs", "eager", "plain loop", "plain, compiled"
#: Steps before timing: every kind of turn is recorded within them.
WARM_UP = 30
#: Steps over which floating operations are counted and parts are timed: lazy penalties' period.
PERIOD = 4


@dataclass
class Side:
    """One way to play a recipe: its step, and its measurements."""

    name: str
    one: Callable[[], None]
    images: int
    rates: list[float] = field(default_factory=list)
    peak: float = 0.0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


@dataclass
class Case:
    """A recipe and its measurements."""

    name: str
    sides: dict[str, Side] = field(default_factory=dict)
    flops: float = 0.0  #: of an image
    precision: str = ""
    batch: int = 0
    parts: dict[str, tuple[float, float]] = field(default_factory=dict)
    busy: float = 0.0  #: milliseconds a step of kernels, by the profiler
    troubles: list[str] = field(default_factory=list)
    skipped: str = ""


class Clock:
    """The time that is left of a budget."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.started = seconds, time.perf_counter()

    @property
    def left(self) -> float:
        return self.seconds - (time.perf_counter() - self.started)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# --- The four ways ----------------------------------------------------------------------------


def config_of_case(name: str) -> Any:
    if name == "r3gan-32":
        return resolve(r3gan(), name)
    return resolve(raw_config("zoo", name.removesuffix("-mnist")), name)


def r3gan() -> dict[str, Any]:
    """R3GAN's networks with their defaults for 32x32 colour images, and its game."""
    adam = {"name": "adam", "lr": 2e-4, "arguments": {"betas": [0.0, 0.99]}}
    gammas = {"r1_gamma": 0.1, "r2_gamma": 0.1}
    return {
        "ganzoo_config": 1,
        "generator": {"name": "r3gan", "arguments": {"size": 32, "channels": 3}},
        "discriminator": {"name": "r3gan", "arguments": {"size": 32, "channels": 3}},
        "recipe": {
            "loss": {"name": "relativistic", "arguments": gammas},
            "data": {"name": "mnist-mini", "arguments": {"size": 32, "channels": 3}},
            "optimizers": {"generator": adam, "discriminator": adam},
            "batch": 64,
            "precision": "bf16",
        },
    }


def ours(config: Any, device: torch.device, *, graphs: bool) -> tuple[Side, Any, Any]:
    state, setup = prepare(config, device)
    if graphs and device.type == "cuda":  # a rehearsal on a CPU plays both sides eagerly
        setup = replace(setup, graphs=Graphs())

    def one() -> None:
        turns.step(state, setup, state.meter.add)
        state.meter.step_ended()
        update_average(state, setup)

    side = Side(GRAPHS if graphs else EAGER, one, setup.recipe.images_per_step)
    return side, state, setup


class Relativistic:
    """The plain form of R3GAN's game: pairs, with R1 and R2 at each turn."""

    def __init__(self, r1_gamma: float, r2_gamma: float) -> None:
        self.gammas, self.real = (r1_gamma, r2_gamma), torch.empty(0)

    def discriminator(self, network: nn.Module, real: Tensor, fake: Tensor, turn: int) -> Tensor:
        self.real = real
        both = [batch.detach().clone().requires_grad_(True) for batch in (real, fake)]
        scores = [network(batch) for batch in both]
        loss = nn.functional.softplus(scores[1] - scores[0]).mean()
        for gamma, batch, given in zip(self.gammas, both, scores, strict=True):
            (gradient,) = torch.autograd.grad(given.sum(), batch, create_graph=True)
            loss = loss + gamma / 2 * gradient.pow(2).flatten(1).sum(1).mean()
        return loss

    def generator(self, network: nn.Module, fake: Tensor) -> Tensor:
        return nn.functional.softplus(network(self.real) - network(fake)).mean()

    def constrain(self, network: nn.Module) -> None:
        pass


def game_for(loss: Any) -> Any:
    """The plain form of a recipe's loss, for the textbook's loop."""
    name = loss.name.rpartition("/")[2]
    return (
        Relativistic(**loss.arguments) if name == "relativistic" else game_of(name, loss.arguments)
    )


def plain(config: Any, device: torch.device, *, compiled: bool) -> Side:
    """The textbook's loop with its data on the GPU."""
    recipe = config.recipe
    loop, state, setup = textbook_of(config, device, game_for(recipe.loss))
    game = loop.game
    if compiled:
        state.generator.compile()
        if not state.loss.double_backward:  # which torch does not compile
            state.discriminator.compile()
    images = setup.data.images.to(device)
    half = recipe.precision == "bf16"

    def latents() -> Tensor:
        return torch.randn(recipe.batch, state.generator.latent_dim, device=device)

    def one() -> None:
        precision = torch.autocast(device.type, torch.bfloat16) if half else nullcontext()
        with precision:
            for _ in range(recipe.discriminator_steps):
                rows = torch.randint(len(images), (recipe.batch,), device=device)
                if hasattr(game, "shares"):
                    game.shares = torch.rand(recipe.batch, device=device)
                loop.discriminator_turn(images[rows].float() / 127.5 - 1, latents())
            loop.generator_turn(latents(), 0.995)

    return Side(COMPILED if compiled else PLAIN, one, recipe.images_per_step)


# --- Timing -----------------------------------------------------------------------------------


def run_for(side: Side, seconds: float, device: torch.device) -> None:
    """Play for a while, waiting for the GPU at both ends; return the images a second."""
    wait(device)
    steps, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        side.one()
        steps += 1
    wait(device)
    side.rates.append(steps * side.images / (time.perf_counter() - started))


def warmed(make: Callable[[], Any], steps: int, device: torch.device) -> Any:
    """Make a side and warm it up; measure its peak memory above what others held."""
    before = 0
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    made = make()
    side = made[0] if isinstance(made, tuple) else made
    for _ in range(steps):
        side.one()
    wait(device)
    if device.type == "cuda":
        side.peak = (torch.cuda.max_memory_allocated() - before) / 2**20
    return made


def compare(sides: list[Side], turn: float, rounds: int, device: torch.device) -> None:
    """Play all sides in turn, round by round."""
    for _ in range(rounds):
        for side in sides:
            run_for(side, turn, device)


def measured(case: Case, device: torch.device, turn: float, rounds: int, steps: int) -> None:
    """Measure the three ways that need no compiler, and the parts of an eager step."""
    config = config_of_case(case.name)
    case.batch, case.precision = config.recipe.batch, config.recipe.precision
    fast, _, setup = warmed(lambda: ours(config, device, graphs=True), steps, device)
    if setup.graphs is not None and setup.graphs.off is not None:
        case.troubles.append(f"no graphs: {setup.graphs.off}")
    slow, state, setup = warmed(lambda: ours(config, device, graphs=False), 3, device)
    textbook = warmed(lambda: plain(config, device, compiled=False), 3, device)
    case.sides = {side.name: side for side in (fast, slow, textbook)}
    compare(list(case.sides.values()), turn, rounds, device)
    case.flops = flops_of(slow)
    parts_of(case, state, setup, slow, device)


def compiled_too(case: Case, device: torch.device, turn: float, rounds: int) -> None:
    """Measure the compiled plain loop, beside the graphs again."""
    config = config_of_case(case.name)
    case.sides[COMPILED] = side = warmed(lambda: plain(config, device, compiled=True), 6, device)
    compare([side, case.sides[GRAPHS]], turn, rounds, device)


def flops_of(side: Side) -> float:
    """The floating-point operations of convolutions and products for an image, over a period."""
    with Operations() as counted:
        for _ in range(PERIOD):
            side.one()
    return counted.total / (PERIOD * side.images)


class Operations(TorchDispatchMode):
    """Counts floating-point operations by torch's own formulas.

    `FlopCounterMode` follows modules with hooks that fail under a penalty's gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=made)
        return made


def throughput(device: torch.device) -> dict[str, float]:
    """Operations a second in a large matrix product, in each precision; the median of five."""
    found = {}
    size = 8192 if device.type == "cuda" else 512
    for name, dtype in (("bf16", torch.bfloat16), ("float32", torch.float32)):
        left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
        (left @ right).sum().item()
        rates = []
        for _ in range(5):
            wait(device)
            started = time.perf_counter()
            left @ right
            wait(device)
            rates.append(2 * size**3 / (time.perf_counter() - started))
        found[name] = statistics.median(rates)
    return found


# --- Parts of a step --------------------------------------------------------------------------


class Parts:
    """The host and GPU time of named parts, without the time of parts inside them."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.host: dict[str, float] = {}
        self.spans: list[tuple[str, Any, Any]] = []
        self._open: list[list[float]] = []
        self._inner: dict[int, list[tuple[Any, Any]]] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began, ended = self._mark(), None
        self._open.append([0.0])
        started = time.perf_counter()
        with torch.profiler.record_function(f"part: {name}"):
            yield
        took = time.perf_counter() - started
        inner = self._open.pop()[0]
        if self._open:
            self._open[-1][0] += took
        self.host[name] = self.host.get(name, 0.0) + took - inner
        ended = self._mark()
        self.spans.append((name, began, ended))

    def _mark(self) -> Any:
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def wrapped(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            with self.part(name):
                return work(*given, **named)

        return timed

    def card(self) -> dict[str, float]:
        """The milliseconds between each part's marks on the GPU; an inner part counts in both."""
        found: dict[str, float] = {}
        for name, began, ended in self.spans:
            cuda = self.device.type == "cuda"
            took = began.elapsed_time(ended) if cuda else 1000 * (ended - began)
            found[name] = found.get(name, 0.0) + took
        return found


BATCH, LATENTS, PENALTY = "real batch", "latents", "  of it the penalty's gradient"
DTURN, GTURN = "discriminator, both passes", "generator, both passes"
OPTIMIZERS, AVERAGE, STEP = "optimizers", "average", "whole step"


def parts_of(case: Case, state: Any, setup: Any, side: Side, device: torch.device) -> None:
    """Time each part of some eager steps, and the kernels by torch.profiler."""
    parts = Parts(device)
    places = [
        (turns.Setup, "real_batch", BATCH),
        (turns, "draw_latents", LATENTS),
        (turns, "discriminator_pass", DTURN),
        (turns, "generator_pass", GTURN),
        (penalties, "score_gradient", PENALTY),
        (turns, "update", OPTIMIZERS),
        (Ema, "update", AVERAGE),
    ]
    with ExitStack() as stack:
        for owner, name, told in places:
            plain = getattr(owner, name)
            stack.enter_context(patch.object(owner, name, parts.wrapped(told, plain)))
        for _ in range(3):
            side.one()
        wait(device)
        parts.host.clear()
        parts.spans.clear()
        count = 5 * PERIOD if device.type == "cuda" else PERIOD
        for _ in range(count):
            with parts.part(STEP):
                side.one()
        wait(device)
    card = parts.card()
    host = parts.host
    case.parts = {name: (1000 * host[name] / count, card[name] / count) for name in host}
    case.busy = kernels(side, device)


def kernels(side: Side, device: torch.device) -> float:
    """The milliseconds of kernels in a step, by torch.profiler; logs the heaviest ones."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(PERIOD):
            side.one()
        wait(device)
    rows = profile.key_averages()
    key = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    print(rows.table(sort_by=key, row_limit=12, max_name_column_width=60), flush=True)
    marked = [row for row in rows if not row.key.startswith(("part:", "Optimizer."))]
    return sum(getattr(row, key) for row in marked) / 1000 / PERIOD


# --- The table --------------------------------------------------------------------------------


def report(cases: list[Case], peak: dict[str, float], device: torch.device) -> str:
    every, cases = cases, [case for case in cases if case.sides]
    said = "Shares are of the matrix products' throughput as measured here, in the recipe's own"
    lines = [
        f"{machine(device)}. "
        + ", ".join(f"{name} {rate / 1e12:.1f} TFLOP/s" for name, rate in peak.items())
        + " in products of large matrices (TF32 off).",
        "",
        "| recipe | batch | precision | graphs, images/s | eager | plain loop | plain, compiled "
        "| graphs / eager | graphs / compiled | MFLOP an image | share of peak |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [row_of(case, peak) for case in cases]
    lines += [
        "",
        f"{said} precision. The plain loop is benchmarks/textbook.py with its data on the card; "
        "compiled are its generator, and its discriminator where no penalty is differentiated "
        "twice. Peak memory, MiB: "
        + "; ".join(
            f"{case.name} "
            + ", ".join(f"{side.name} {side.peak:,.0f}" for side in case.sides.values())
            for case in cases
        )
        + ".",
        "",
        "Milliseconds of each part of an eager step: on the host, and between its marks on the "
        "card (idle time in between counted; the whole step's host time is what no part has):",
        "",
    ]
    names = list(dict.fromkeys(name for case in cases for name in case.parts))
    lines.append(f"| part | {' | '.join(f'{c.name}: host | card' for c in cases)} |")
    lines.append(f"|---|{'---|---|' * len(cases)}")
    for name in names:
        found = [case.parts.get(name, (float("nan"),) * 2) for case in cases]
        lines.append(f"| {name} | " + " | ".join(f"{h:.3f} | {c:.3f}" for h, c in found) + " |")
    lines.append(
        f"| kernels alone (torch.profiler) | {' | '.join(f' | {c.busy:.3f}' for c in cases)} |"
    )
    lines += [f"\n{case.name}: {trouble}" for case in every for trouble in case.troubles]
    lines += [f"\n{case.name}: {case.skipped}" for case in every if case.skipped]
    return "\n".join(lines) + "\n"


def row_of(case: Case, peak: dict[str, float]) -> str:
    def rate(name: str) -> str:
        return f"{case.sides[name].rate:,.0f}" if name in case.sides else "-"

    def ratio(one: str, other: str) -> str:
        if not {one, other} <= case.sides.keys():
            return "-"
        return f"{case.sides[one].rate / case.sides[other].rate:.2f}"

    share = "-"
    if GRAPHS in case.sides:
        best = peak["bf16" if case.precision == "bf16" else "float32"]
        share = f"{case.sides[GRAPHS].rate * case.flops / best:.2%}"
    cells = (
        case.name,
        str(case.batch),
        case.precision,
        *map(rate, (GRAPHS, EAGER, PLAIN, COMPILED)),
        ratio(GRAPHS, EAGER),
        ratio(GRAPHS, COMPILED),
        f"{case.flops / 1e6:,.0f}",
        share,
    )
    return f"| {' | '.join(cells)} |"


def machine(device: torch.device) -> str:
    """The GPU, the driver and the versions."""
    versions = f"torch {torch.__version__}, Python {platform.python_version()}"
    if device.type != "cuda":
        return f"{platform.machine()}, {torch.get_num_threads()} threads, {versions}: a rehearsal"
    try:
        driver = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, timeout=20, check=True,
        ).stdout.splitlines()[0]  # fmt: skip
    except (OSError, subprocess.SubprocessError, IndexError):
        driver = "unknown"
    name = torch.cuda.get_device_name(device)
    cudnn = torch.backends.cudnn.version()
    return f"{name}, driver {driver}, CUDA {torch.version.cuda}, cuDNN {cudnn}, {versions}"


@contextmanager
def told(case: Case) -> Iterator[None]:
    """Report a case that fails, and continue with the others."""
    try:
        yield
    except UnknownNameError:
        case.skipped = "skipped: its plugin is not installed (pip install ./plugins/ganzoo-r3gan)"
    except Exception as error:
        traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        case.troubles.append(f"{type(error).__name__}: {lines[0][:300]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--recipes", nargs="+", default=[*NAMES], choices=NAMES)
    parser.add_argument("--out", type=Path, help="also write the table into this file")
    parser.add_argument("--no-compile", action="store_true")
    given = parser.parse_args()
    device, clock = torch.device(given.device), Clock(given.seconds)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here; --device cpu rehearses")
        return 2
    rounds, steps = 5, WARM_UP if device.type == "cuda" else 10
    turn = min(0.6, given.seconds / 200)
    cases = [Case(name) for name in given.recipes]
    with own_stream(device):
        peak = throughput(device)
        write(given.out, report([], peak, device))
        for case in cases:
            with told(case):
                measured(case, device, turn, rounds, steps)
            print(f"{case.name}: {clock.left:.0f} s left", flush=True)
            write(given.out, report(cases, peak, device))
        for case in cases:
            if given.no_compile or not case.sides:
                continue
            if clock.left < given.seconds / 4:
                case.troubles.append("not compiled: no time was left")
                continue
            with told(case):
                compiled_too(case, device, turn, rounds)
            print(f"{case.name} compiled: {clock.left:.0f} s left", flush=True)
            write(given.out, report(cases, peak, device))
    table = report(cases, peak, device)
    write(given.out, table)
    print(table)
    return 1 if any(case.troubles for case in cases) else 0


def write(out: Path | None, table: str) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(table)


if __name__ == "__main__":
    sys.exit(main())
