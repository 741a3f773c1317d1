"""Players and losses as they are checked: built, shaken, given inputs, put into a game."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Setup
from ganzoo.interfaces import Dataset, Discriminator, Generator, Loss
from ganzoo.specs import Part
from ganzoo.testing.attributes import fault_of
from ganzoo.testing.failures import Blocked, Skipped, line_of, told_by
from ganzoo.testing.game_data import conditions_for, fitting_data
from ganzoo.testing.games import Game
from ganzoo.testing.numerics import equal, pack_of, seeded, shake
from ganzoo.testing.subjects import PartSubject

N = TypeVar("N", Generator, Discriminator)


@dataclass(frozen=True, eq=False)
class NetworkSubject(PartSubject, Generic[N]):
    """A generator or a discriminator; `game` is one in which it plays, if there is any.

    `own_data` are the data sets of its plugin.
    """

    published: ClassVar[str] = ""
    game: Game | None = None
    own_data: tuple[Part, ...] = ()

    def network(self, seed: int = 0) -> N:
        """The network built under a seed, in eval mode."""
        with seeded(seed):
            return self.network_here()

    def network_here(self) -> N:
        """The same, built from torch's generator as it stands."""
        network = self.bare()
        if said := fault_of(network):
            raise Blocked("check_attributes", said.partition(":")[0])
        network.eval()
        return network

    def bare(self) -> N:
        """The network, whatever it says of itself."""
        made = self.made()
        kind: Any = self.interface
        if not isinstance(made, kind):
            raise Blocked("check_builds", f"it is no ganzoo.{self.interface.__name__}")
        network: N = made
        return network

    def lively(self, seed: int = 0) -> N:
        """The same, shaken (see `probes.shake`), unless its samples or scores overflow then."""
        _ = self.data  # which builds a network too, and parts may share what they should not
        shaken = shake(self.network(seed), seed)
        with seeded(seed):
            made = self.passed(shaken, *self.batch(shaken, 2))
        return shaken if made.isfinite().all() else self.network(seed)

    def steady(self, seed: int = 0) -> N:
        """The same, where equal passes are equal: else nothing can be learnt from comparing."""
        network = self.lively(seed)
        inputs, labels = self.batch(network, 2)
        made = []
        for _ in range(2):
            with seeded(seed):
                made.append(self.passed(network, inputs, labels))
        if not equal(*made):
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
        """What n rows, or n packs, are made of."""
        raise NotImplementedError

    def passed(self, network: N, inputs: Tensor, labels: Tensor | None) -> Tensor:
        """A pass without a graph, which leaves the inputs as they are.

        Where it fails, `check_shapes` says why.
        """
        with torch.no_grad(), told_by("check_shapes", "a pass"):
            made: Any = network(inputs.clone(), labels)
        return _tensor(made, "forward", "check_shapes")

    def published_by(self, network: N, inputs: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        """All that a pass publishes; where it fails, `check_outputs` says why."""
        with told_by("check_outputs", "a pass"):
            made = dict(network.outputs(inputs.clone(), labels))
        return {name: _tensor(value, "outputs()", "check_outputs") for name, value in made.items()}

    def labels(self, network: N, rows: int) -> Tensor | None:
        """Labels for rows: of the network's classes in a circle, or the data's conditions."""
        numbers = torch.arange(rows)
        if network.num_classes is not None:
            return numbers % network.num_classes
        return conditions_for(network, self.data, rows)

    @cached_property
    def data(self) -> Dataset | None:
        """The data of its game, or other data of its shape."""
        found = self.network()
        shape = tuple(found.sample_shape)
        if self.game is not None:
            data = self.game.data_here()
            if data is not None and tuple(data.sample_shape) == shape:
                return data
        return fitting_data(
            self.world, self.own_data, shape, found.num_classes, found.condition_shape
        )

    def line(self, pattern: str = "", method: str = "forward") -> str:
        """The line to change."""
        try:
            return line_of(self.made(), pattern, method)
        except Skipped:
            return line_of(self.factory, pattern, method)


def _tensor(made: Any, whose: str, check: str) -> Tensor:
    """What was made, if it is a tensor."""
    if not isinstance(made, Tensor):
        raise Blocked(check, f"{whose} gives a {type(made).__name__}")
    return made


class GeneratorSubject(NetworkSubject[Generator]):
    """A generator; its rows are latents."""

    kind: ClassVar[str] = "generator"
    interface: ClassVar[type] = Generator
    published: ClassVar[str] = "samples"

    def inputs(self, network: Generator, n: int, seed: int = 0) -> Tensor:
        """Latents [n, D]."""
        with told_by("check_latents", "sample_latents"):
            return network.sample_latents(n, rng=torch.Generator().manual_seed(seed))


class DiscriminatorSubject(NetworkSubject[Discriminator]):
    """A discriminator; its rows are samples, or packs of them."""

    kind: ClassVar[str] = "discriminator"
    interface: ClassVar[type] = Discriminator
    published: ClassVar[str] = "scores"

    @cached_property
    def unit(self) -> int:
        """The least number of samples that get a score."""
        network = self.network()
        return pack_of(network, lambda rows: self.labels(network, rows))

    def inputs(self, network: Discriminator, n: int, seed: int = 0) -> Tensor:
        """Samples [n * unit, *S], uniform in the data's range, or in [-1, 1]."""
        rng = torch.Generator().manual_seed(seed)
        low, high = (self.data.value_range if self.data else None) or (-1.0, 1.0)
        drawn = torch.rand(n * self.unit, *network.sample_shape, generator=rng)
        return low + (high - low) * drawn


@dataclass(frozen=True, eq=False)
class LossSubject(PartSubject):
    """A loss, and a game that it decides."""

    kind: ClassVar[str] = "loss"
    interface: ClassVar[type] = Loss
    game: Game | None = None

    @property
    def made_of(self) -> set[tuple[str, str]]:
        """The others of its game."""
        parts = self.game.parts if self.game else {}
        return {(kind, part.name) for kind, part in parts.items() if kind != self.kind}

    def setup(self) -> tuple[TrainingState, Setup]:
        """Its game, about to start, with the loss as it was built."""
        if self.game is None:
            raise Skipped("it decides no game that could be found; name one in ganzoo_examples")
        with seeded(0):
            loss = self.made()
        if not isinstance(loss, Loss):
            raise Blocked("check_builds", "it is no ganzoo.Loss")
        return self.game.setup_of(loss)

    def line(self, pattern: str = "", method: str = "discriminator") -> str:
        """The line to change."""
        return line_of(self.factory, pattern, method)
