"""Players and losses under check: built, shaken, given inputs, put into a game."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.interfaces import Dataset, Discriminator, Generator
from ganzoo.specs import Part
from ganzoo.testing.building import attribute_fault
from ganzoo.testing.failures import Blocked, Skipped, line_of, reported_by
from ganzoo.testing.game_data import conditions_for, fitting_data
from ganzoo.testing.games import Game
from ganzoo.testing.numerics import equal, pack_size, seeded, shake
from ganzoo.testing.subjects import PartSubject

N = TypeVar("N", Generator, Discriminator)


@dataclass(frozen=True, eq=False)
class NetworkSubject(PartSubject, Generic[N]):
    """A generator or a discriminator; `game` is one that it plays, `own_data` its plugin's data."""

    #: The output that losses read.
    published: ClassVar[str] = ""
    game: Game | None = None
    own_data: tuple[Part, ...] = ()

    def network(self, seed: int | None = 0) -> N:
        """The network built under a seed, in eval mode."""
        network: N = self.made(seed)
        if fault := attribute_fault(network):
            raise Blocked("check_attributes", fault.partition(":")[0])
        network.eval()
        return network

    def shaken(self, seed: int = 0) -> N:
        """The network with perturbed weights (see `shake`), unless its outputs overflow then."""
        _ = self.data  # builds a network too: networks may share what they should not
        network = shake(self.network(seed), seed)
        with seeded(seed):
            outputs = self.passed(network, *self.batch(network, 2))
        return network if outputs.isfinite().all() else self.network(seed)

    def steady(self, seed: int = 0) -> N:
        """The same; blocks the check if equal passes differ, as comparisons mean nothing then."""
        network = self.shaken(seed)
        inputs, labels = self.batch(network, 2)
        outputs = []
        for _ in range(2):
            with seeded(seed):
                outputs.append(self.passed(network, inputs, labels))
        if not equal(*outputs):
            raise Blocked("check_determinism", "equal passes differ")
        return network

    @property
    def unit(self) -> int:
        """Rows that belong together: 1, or the size of a pack."""
        return 1

    def batch(self, network: N, n: int, seed: int = 0) -> tuple[Tensor, Tensor | None]:
        """Inputs and labels of n rows, or of n packs."""
        inputs = self.inputs(network, n, seed)
        return inputs, self.labels(network, len(inputs))

    def inputs(self, network: N, n: int, seed: int = 0) -> Tensor:
        """Inputs of n rows, or of n packs."""
        raise NotImplementedError

    def passed(self, network: N, inputs: Tensor, labels: Tensor | None) -> Tensor:
        """A pass without a graph, on a copy of the inputs; `check_shapes` reports a failure."""
        with torch.no_grad(), reported_by("check_shapes", "a pass"):
            outputs: Any = network(inputs.clone(), labels)
        return _tensor(outputs, "forward", "check_shapes")

    def outputs_of(self, network: N, inputs: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        """Everything that a pass publishes; `check_outputs` reports a failure."""
        with reported_by("check_outputs", "a pass"):
            outputs = dict(network.outputs(inputs.clone(), labels))
        return {key: _tensor(value, "outputs()", "check_outputs") for key, value in outputs.items()}

    def labels(self, network: N, rows: int) -> Tensor | None:
        """Labels for so many rows: classes in turn, or conditions."""
        if network.num_classes is not None:
            return torch.arange(rows) % network.num_classes
        return conditions_for(network, self.data, rows)

    @cached_property
    def data(self) -> Dataset | None:
        """The data of its game, or other data of its shape."""
        network = self.network()
        shape = tuple(network.sample_shape)
        data = None if self.game is None else self.game.open_data()
        if (
            data is not None
            and tuple(data.sample_shape) == shape
            and _same_conditions(data, network)
        ):
            return data
        return fitting_data(
            self.world, self.own_data, shape, network.num_classes, network.condition_shape
        )

    def line(self, pattern: str = "", method: str | None = None) -> str:
        """The line to change, in the network's layers too."""
        try:
            return line_of(self.made(), pattern, method or "forward")
        except Skipped:
            return super().line(pattern, method)


def _same_conditions(data: Dataset, network: Generator | Discriminator) -> bool:
    """Whether a network takes the conditions that the data has, or both have none."""
    return tuple(data.condition_shape or ()) == tuple(network.condition_shape or ())


def _tensor(made: Any, source: str, check: str) -> Tensor:
    if not isinstance(made, Tensor):
        raise Blocked(check, f"{source} gives a {type(made).__name__}")
    return made


class GeneratorSubject(NetworkSubject[Generator]):
    """A generator; its rows are latents."""

    published: ClassVar[str] = "samples"

    def inputs(self, network: Generator, n: int, seed: int = 0) -> Tensor:
        """Latents [n, D]."""
        with reported_by("check_latents", "sample_latents"):
            return network.sample_latents(n, rng=torch.Generator().manual_seed(seed))


class DiscriminatorSubject(NetworkSubject[Discriminator]):
    """A discriminator; its rows are samples, or packs of them."""

    published: ClassVar[str] = "scores"

    @cached_property
    def unit(self) -> int:
        """The least number of samples that get a score."""
        network = self.network()
        return pack_size(network, lambda rows: self.labels(network, rows))

    def inputs(self, network: Discriminator, n: int, seed: int = 0) -> Tensor:
        """Samples [n * unit, *S], uniform in the data's range, or in [-1, 1]."""
        rng = torch.Generator().manual_seed(seed)
        low, high = (self.data.value_range if self.data else None) or (-1.0, 1.0)
        drawn = torch.rand(n * self.unit, *network.sample_shape, generator=rng)
        return low + (high - low) * drawn


@dataclass(frozen=True, eq=False)
class LossSubject(PartSubject):
    """A loss, and a game that it plays in."""

    game: Game | None = None

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """The other parts of its game."""
        parts = self.game.parts if self.game else {}
        return {(kind, part.name) for kind, part in parts.items() if kind != self.kind}

    def ready(self) -> tuple[TrainingState, Setup]:
        """Its game, about to start, with the loss as it was built."""
        if self.game is None:
            raise Skipped("no game of this loss could be found; name one in ganzoo_examples")
        return self.game.ready_with(self.made(seed=0))
