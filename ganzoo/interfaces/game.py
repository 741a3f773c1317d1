"""The game: what a loss sees of a turn, and what else may change during a training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from torch import Tensor, nn

from ganzoo.interfaces.players import Discriminator, Generator

#: What a player minimises: names with values of at least one dimension, already weighted, per
#: sample, pack or patch. The engine takes each mean, sums, backpropagates and logs by name.
Terms: TypeAlias = dict[str, Tensor]

M = TypeVar("M", bound="ReadyModule")


class Draw(Protocol):
    """Draws float32 values [*shape] from the run's own randomness, on the training's device.

    The first dimension belongs to the samples: a process or a micro-batch that plays half of the
    batch gets its half of the rows (and of rows that represent packs, or for real and fake samples
    one after the other). `shared=True` gives every process and micro-batch the same values.
    """

    def __call__(self, *shape: int, shared: bool = False) -> Tensor:
        """Draw values; each call within a turn draws new ones."""


@dataclass(frozen=True, eq=False)
class Player:
    """A network as a loss sees it: call it for scores or samples, `outputs` for everything.

    Labels are the round's unless a call gives others. Use `module` for its parameters only.
    """

    module: Generator | Discriminator
    labels: Tensor | None = None

    def __call__(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of samples, or samples of latents; float32 under autocast too."""
        result: Tensor = self.module(inputs, self.labels if labels is None else labels)
        return result.float()

    def outputs(self, inputs: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """All that the network publishes in one pass, in float32."""
        published = self.module.outputs(inputs, self.labels if labels is None else labels)
        return {name: value.float() for name, value in published.items()}


@dataclass(frozen=True, eq=False)
class Round:
    """One player's turn: everything that a loss may use.

    `real` and `fake` are [N, *S], `latents` [N, D]. `labels` belong to the real batch and were
    used for the fakes too: classes int64 [N] if both players have `num_classes`, conditions float32
    [N, *condition_shape] if both have that, else None. In the discriminator's turn `fake` carries
    no gradient. `step` and `turn` count the generator steps and discriminator turns done.
    `uniform(*shape)` (in [0, 1)) and `normal(*shape)` are the run's own randomness, the only one
    that a loss may use; `shared=True` gives every row, process and micro-batch the same values.
    `log(name, values)` records values that are not minimised.
    """

    real: Tensor
    fake: Tensor
    latents: Tensor
    labels: Tensor | None
    discriminator: Player
    generator: Player
    images_seen: int
    step: int
    turn: int
    uniform: Draw
    normal: Draw
    log: Callable[[str, Tensor], None]

    def due(self, every: int) -> bool:
        """Whether this is an `every`-th turn, beginning with the first: for lazy penalties.

        A loss that asks here, and does not read `turn`, `step` or `images_seen`, can be played as a
        CUDA graph.
        """
        return self.turn % every == 0


class ReadyModule(nn.Module):
    """A module that is ready before `__init__`, so that one without state needs no super call."""

    def __new__(cls: type[M], *args: Any, **kwargs: Any) -> M:
        """Initialise the module."""
        module = super().__new__(cls)
        nn.Module.__init__(module)
        return module


class Loss(ReadyModule, ABC):
    """The game: what each player minimises.

    `needs` names outputs that it reads beside scores and samples. Buffers are its state: replace
    them (`self.k = ...`), never edit them in place. Parameters are frozen networks. `recipe`
    holds the settings of its paper, under a recipe's keys; they apply where the user sets nothing.
    `double_backward` declares that a term contains a gradient of the discriminator.
    """

    double_backward: bool = False
    needs: frozenset[str] = frozenset()
    recipe: ClassVar[Mapping[str, object]] = {}

    @abstractmethod
    def discriminator(self, round: Round) -> Terms:
        """What the discriminator minimises."""

    @abstractmethod
    def generator(self, round: Round) -> Terms:
        """What the generator minimises."""

    def constrain(self, discriminator: Discriminator) -> None:
        """Project the discriminator onto a set after each of its steps, under `no_grad`."""


class Schedule(ABC):
    """Changes a number of the recipe during a training: a pure function of the images seen.

    `needs_total` declares that it depends on the number of images of the whole run.
    """

    needs_total: bool = False

    @abstractmethod
    def value(self, start: float, images: int, total: int) -> float:
        """The number after `images` of `total` images, where `start` is the recipe's number."""


class Augmentation(ReadyModule, ABC):
    """Changes everything that the discriminator is shown, real and fake samples alike.

    Its changes are differentiable twice, and drawn anew for every sample. Buffers are its state, as
    in a loss: replace them, never edit them in place. An `adaptive` augmentation observes the
    scores of real samples. `sample_dims` is the number of dimensions of the samples that it takes
    (3 for images [C, H, W]), None for any. It works in float32 under autocast too.
    """

    adaptive: bool = False
    sample_dims: int | None = None

    @abstractmethod
    def forward(self, samples: Tensor, uniform: Draw, normal: Draw) -> Tensor:
        """Samples [N, *S] -> as many of the same shape, changed by the draws."""

    def observe(self, scores: Tensor) -> None:
        """Take in the raw scores of a share's real samples [N], under `no_grad`."""

    def adapt(self, images: int) -> None:
        """Change the strength after a discriminator turn of `images` images, under `no_grad`.

        By then buffers that `observe` wrote hold their mean over shares and processes.
        """

    def figures(self) -> Mapping[str, float | Tensor]:
        """Values that are logged with each row of figures, by name; none unless overridden."""
        return {}
