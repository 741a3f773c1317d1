"""Tracing a part of a model: a program whose batch may have any size, compared with the model."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ganzoo.errors import GanzooError, UsageError, did_you_mean, one_line
from ganzoo.exporters.noise import Noise, Replay, WithNoise, is_random, noise_of
from ganzoo.interfaces import Generator, StyleGenerator

if TYPE_CHECKING:
    from ganzoo.zoo import Model

PARTS = ("whole", "mapping", "synthesis")
NOISES = ("fixed", "input")
#: Rows of the traced call: torch makes constants of 0 and 1.
TRACED = 5
#: Rows of the calls in which the result is compared with the model.
COMPARED = (64, 1, 7)
#: How far the result may be from the model, in parts of the largest value (of 1 if that is less).
TOLERANCE = 1e-4


class Function(nn.Module):
    """One function of a network as a module, without the network's hooks."""

    def __init__(self, network: Generator, call: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network, self.call = network, call

    def forward(self, *inputs: Tensor) -> Tensor:
        """The function's inputs -> its output."""
        return self.call(*inputs)


@dataclass(frozen=True, eq=False)
class Traced:
    """A part of a model as a program of named inputs [N, ...] with one output [N, ...].

    `names` are the function's inputs, without labels that it does not read; noise comes after
    them. `fixed` is the noise that all samples share; None if noise is an input, or none is drawn.
    """

    model: Model
    part: str
    names: Sequence[str]
    function: Function
    program: ExportedProgram
    noise: Noise
    fixed: Tensor | None

    @property
    def output(self) -> str:
        """The output's name."""
        return "styles" if self.part == "mapping" else "samples"

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Inputs for n rows by name: those of the samples of seed 0."""
        given = _inputs(self.model, self.function.network, self.part, n)
        given = {name: given[name] for name in self.names}
        if self.noise.size and self.fixed is None:
            rng = torch.Generator().manual_seed(n)
            given["noise"] = torch.randn(n, self.noise.size, generator=rng)
        return given

    def expected(self, inputs: dict[str, Tensor]) -> Tensor:
        """The output of the model's own network."""
        own = [value for name, value in inputs.items() if name != "noise"]
        given = self.fixed if self.fixed is not None else inputs.get("noise", torch.zeros(1, 0))
        with torch.no_grad(), Replay(self.noise.split(given, len(own[0]))):
            expected: Tensor = self.function(*own)
        return expected

    def compare(self, run: Callable[[dict[str, Tensor]], Tensor]) -> float:
        """The largest difference between a way to run the program and the model.

        `GanzooError` if it is above the tolerance.
        """
        worst = 0.0
        for n in COMPARED:
            expected, found = self.expected(inputs := self.inputs(n)), run(inputs)
            if found.shape != expected.shape:
                raise GanzooError(
                    f"{self.model.card.name} answers {n} rows with {list(expected.shape)}, and "
                    f"what was exported with {list(found.shape)}; nothing was written"
                )
            scale = max(1.0, float(expected.abs().max()))
            worst = max(worst, float((found - expected).abs().max()) / scale)
        if not worst <= TOLERANCE:
            raise GanzooError(
                f"what was exported differs from {self.model.card.name} by {worst:.2g}, more than "
                f"{TOLERANCE:g}; nothing was written"
            )
        return worst


def trace(model: Model, part: str = "whole", noise: str = "fixed") -> Traced:
    """Trace a part of a model: `whole`, or a style generator's `mapping` or `synthesis`.

    `noise` says what becomes of random numbers that the network draws: `fixed`, the same for every
    sample, or an `input`. The network is copied to the CPU, in float32.
    """
    _check("part", part, PARTS)
    _check("noise", noise, NOISES)
    name, function = model.card.name, _function(model, part)
    inputs = _inputs(model, function.network, part, TRACED)
    drawn, fixed = Noise(()), None
    with quiet():
        program = _program(function, inputs, name)
        if len(inputs) > 1 and not _reads_last(program):
            inputs.popitem()
            program = _program(function, inputs, name)
        names = (*inputs,)
        if is_random(program):
            program = program.run_decompositions({})  # no operators in place any more
            drawn = noise_of(program, name)
        if drawn.draws:
            if noise == "fixed" or not drawn.size:
                fixed = drawn.fixed()
            else:
                inputs["noise"] = torch.randn(TRACED, drawn.size)
            program = _program(WithNoise(program, drawn, fixed), inputs, name)
    return Traced(model, part, names, function, program, drawn, fixed)


def _check(option: str, value: object, known: Sequence[str]) -> None:
    """Refuse a value that an option does not have."""
    if value not in known:
        near = did_you_mean(str(value), known, otherwise="it is {}")
        raise UsageError(f"{option} cannot be {value!r}; {near}")


def _function(model: Model, part: str) -> Function:
    """The part of a copy of the model's network that is exported."""
    network = copy.deepcopy(model.generator).to("cpu", torch.float32)
    if part == "whole":
        return Function(network, network.forward)
    if not isinstance(network, StyleGenerator):
        raise UsageError(
            f"{model.card.name} has no {part}: its generator is no StyleGenerator; leave part out"
        )
    return Function(network, network.styles if part == "mapping" else network.synthesise)


def _inputs(model: Model, network: Generator, part: str, n: int) -> dict[str, Tensor]:
    """Inputs of a part for n rows by name: those from which samples of seed 0 are drawn."""
    latents, labels = model.latents(n, seed=0).float().cpu(), model.labels(n, seed=0)
    given = {"latents": latents}
    if part == "synthesis" and isinstance(network, StyleGenerator):
        with torch.no_grad():
            given = {"styles": network.styles(latents, labels)}
    if labels is not None:
        given["labels" if model.generator.condition_shape is None else "conditions"] = labels
    return given


def _reads_last(program: ExportedProgram) -> bool:
    """Whether a program reads more of its last input than the number of rows."""
    last = [node for node in program.graph.nodes if node.op == "placeholder"][-1]
    return any("sym_size" not in str(user.target) for user in last.users)


def _program(function: nn.Module, inputs: Mapping[str, Tensor], name: str) -> ExportedProgram:
    """Trace a module for batches of any size.

    torch runs the module's Python, where `len(tensor)` makes the batch a constant; if that fails it
    reads the Python instead.
    """
    batch = Dim("batch")
    shapes = (tuple({0: batch} for _ in inputs),)
    failures = []
    for strict in (False, True):
        try:
            with torch.no_grad():
                return torch.export.export(
                    function, tuple(inputs.values()), dynamic_shapes=shapes, strict=strict
                )
        except Exception as error:
            failures.append(error)
    raise GanzooError(
        f"{name} cannot be exported: torch.export cannot follow its network for batches of any "
        f"size: {one_line(failures[0])}"
    ) from failures[0]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep to themselves what torch and onnxscript warn of while they translate."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx", "onnxscript")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
