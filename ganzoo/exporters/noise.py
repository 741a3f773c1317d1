"""The noise that a network draws inside, as an input of the exported program or as constants.

Every draw is made of standard normal numbers z, given or fixed: a normal draw is z, a uniform one
is u = F(z) with the normal's distribution function F, an exponential one is -log(1 - u).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.errors import UsageError
from ganzoo.seeds import derive

#: Half a step of float32 below 1: uniform numbers keep away from both ends, where logarithms end.
_EDGE = 2.0**-25


def _uniform(z: Tensor) -> Tensor:
    return (0.5 * (1 + torch.erf(z / math.sqrt(2.0)))).clamp(_EDGE, 1 - 2 * _EDGE)


def _kept(z: Tensor, share: float | Tensor) -> Tensor:
    return _uniform(z) < share


#: By torch's name of a random operator: its result from z, which has its shape, and its arguments.
LAWS: Mapping[str, Callable[..., Any]] = {
    "randn": lambda z, *_: z,
    "randn_like": lambda z, *_: z,
    "normal_functional": lambda z, _, mean=0.0, std=1.0: mean + std * z,
    "rand": lambda z, *_: _uniform(z),
    "rand_like": lambda z, *_: _uniform(z),
    "uniform": lambda z, _, low=0.0, high=1.0: low + (high - low) * _uniform(z),
    "exponential": lambda z, _, rate=1.0: -torch.log1p(-_uniform(z)) / rate,
    "bernoulli": lambda z, like, p=None: _kept(z, like if p is None else p).to(like.dtype),
    "native_dropout": lambda z, values, p, train: (
        values * _kept(z, 1 - p) / (1 - p) if train else values,
        _kept(z, 1 - p),
    ),
}
#: Operators in place, which a traced program has no longer, and those that stand for them there.
IN_PLACE = {
    "normal_": "normal_functional",
    "uniform_": "uniform",
    "exponential_": "exponential",
    "bernoulli_": "bernoulli",
}


@dataclass(frozen=True, eq=False)
class Draw:
    """A draw of this shape for each sample, or one for all samples, which is `constant`."""

    shape: tuple[int, ...]
    constant: Tensor | None = None

    @property
    def size(self) -> int:
        """The numbers that each sample needs."""
        return math.prod(self.shape) if self.constant is None else 0

    def z(self, given: Tensor, n: int) -> Tensor:
        """Its numbers [N, size] or [1, size] in its shape, for n samples; or the constant."""
        if self.constant is not None:
            return self.constant
        return given.reshape(-1, *self.shape).expand(n, *[-1 for _ in self.shape])


@dataclass(frozen=True)
class Noise:
    """Everything that a program draws, in the order in which it draws it."""

    draws: tuple[Draw, ...]

    @property
    def size(self) -> int:
        """The numbers that each sample needs."""
        return sum(draw.size for draw in self.draws)

    def fixed(self) -> Tensor:
        """The noise [1, size] that all samples share if it is not an input."""
        return torch.randn(1, self.size, generator=_rng("rows"))

    def split(self, given: Tensor, n: int) -> list[Tensor]:
        """Noise [N, size] or [1, size] -> z of each draw for n samples."""
        pieces = torch.split(given, [draw.size for draw in self.draws], 1)
        return [draw.z(piece, n) for draw, piece in zip(self.draws, pieces, strict=True)]


def is_random(program: ExportedProgram) -> bool:
    """Whether a program draws random numbers."""
    return any(_is_random(node.target) for node in program.graph.nodes)


def noise_of(program: ExportedProgram, name: str) -> Noise:
    """The draws of a program without operators in place; `UsageError` for an unknown law."""
    draws = []
    for node in program.graph.nodes:
        if not _is_random(node.target):
            continue
        law, made = _name(node.target), node.meta["val"]
        if law not in LAWS:
            raise UsageError(
                f"{name} draws with torch.{law}, for which an exported file has no counterpart; "
                "draw with torch.randn or torch.rand"
            )
        shape = (made[0] if isinstance(made, tuple | list) else made).shape
        if shape and isinstance(shape[0], torch.SymInt):  # the batch
            draws.append(Draw(tuple(map(int, shape[1:]))))
        else:
            constant = torch.randn(tuple(map(int, shape)), generator=_rng("shared", len(draws)))
            draws.append(Draw(tuple(constant.shape), constant))
    return Noise(tuple(draws))


class WithNoise(nn.Module):
    """A traced function whose draws come from noise: an input after its own, or constant."""

    def __init__(self, program: ExportedProgram, noise: Noise, fixed: Tensor | None) -> None:
        super().__init__()
        self.program, self.noise = program.module(), noise
        self.register_buffer("fixed", fixed)
        self.fixed: Tensor | None

    def forward(self, *inputs: Tensor) -> Any:
        """The function's inputs, and noise [N, size] unless that is fixed -> its output."""
        *own, given = inputs if self.fixed is None else (*inputs, self.fixed)
        z = iter(self.noise.split(given, own[0].shape[0]))
        return _Drawing(self.program, z).run(*own)


class _Drawing(fx.Interpreter):
    """Runs a traced program with given draws."""

    def __init__(self, program: fx.GraphModule, z: Any) -> None:
        super().__init__(program)
        self.z = z

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        """Nothing: the only module of a traced program checks its inputs, as later torch has it."""

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        """A draw from z, or what the program does."""
        if _is_random(target):
            return LAWS[_name(target)](next(self.z), *args)
        return super().call_function(target, args, kwargs)


class Replay(TorchDispatchMode):  # type: ignore[no-untyped-call, unused-ignore]
    """In this context every draw of torch takes the next z instead of random numbers."""

    def __init__(self, z: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.z = iter(z)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not _is_random(func):
            return func(*args, **(kwargs or {}))
        if (name := _name(func)) in IN_PLACE:
            return args[0].copy_(LAWS[IN_PLACE[name]](next(self.z), *args))
        return LAWS[name](next(self.z), *args)


def _is_random(target: Any) -> bool:
    tags = target.tags if isinstance(target, torch._ops.OpOverload) else ()
    return torch.Tag.nondeterministic_seeded in tags


def _name(target: Any) -> str:
    name: str = target._schema.name
    return name.removeprefix("aten::")


def _rng(purpose: str, number: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(derive(0, f"exported-{purpose}", number))
