"""What both turns of a training play with and never change, and the minibatches that they play."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganzoo.data.devices import moved
from ganzoo.engine.micro_batches import Share
from ganzoo.engine.randomness import BalancedOrder, Counters, DataOrder
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.schedules import MovingNumbers
from ganzoo.interfaces import Dataset, Round
from ganzoo.sampling import Labeller
from ganzoo.specs import Recipe

#: Takes named values to show.
Log = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class Minibatch:
    """A share of a turn's minibatch: real samples x, their labels, and latents z."""

    share: Share
    real: Tensor
    labels: Tensor | None
    latents: Tensor


@dataclass(frozen=True)
class JudgedMinibatch(Minibatch):
    """A minibatch after the discriminator's turn, with the fakes G(z) that it judged.

    The fakes carry their graph where the generator's turn takes them over.
    """

    fakes: Tensor


class GraphPlayer(Protocol):
    """Plays the passes of `passes.py` as recordings; see `cuda_graphs.py`."""

    def discriminator_pass(self, *args: Any, **kwargs: Any) -> JudgedMinibatch:
        """Play `passes.discriminator_pass`."""

    def generator_pass(self, *args: Any, **kwargs: Any) -> None:
        """Play `passes.generator_pass`."""

    def forget(self) -> None:
        """Free the memory of the recordings."""


@dataclass(frozen=True)
class Setup:
    """What both turns play with and never change."""

    recipe: Recipe
    data: Dataset
    order: DataOrder | BalancedOrder
    counters: Counters
    device: torch.device
    conditional: bool  #: whether both players take labels
    trainable: tuple[nn.Parameter, ...]  #: the discriminator's, as they were at the start
    autocast: torch.dtype | None = None
    ranks: Ranks = field(default_factory=Ranks)
    shares: tuple[Share, ...] = (Share(),)  #: this process's parts of every global batch
    schedules: MovingNumbers = field(default_factory=MovingNumbers)
    graphs: GraphPlayer | None = None  #: plays turns as CUDA graphs; None plays them eagerly
    round_type: type[Round] = Round
    labeller: Labeller = field(default_factory=Labeller)  #: labels of the samples in grids

    @property
    def keeps_graph(self) -> bool:
        """Whether the generator's turn gets the fakes with their graph.

        With several shares, the graphs of all of them would be in memory at once.
        """
        return self.recipe.reuse_fakes and len(self.shares) == 1

    def precision(self) -> AbstractContextManager[Any]:
        """Autocast where the recipe asks for it."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def real_batch(self, images_seen: int, share: Share) -> tuple[Tensor, Tensor | None]:
        """A share of the next real samples, and their labels where both players take them."""
        rows = self.order.rows(images_seen, self.recipe.batch)
        real, labels = self.data.batch(share.of(rows))
        labels = moved(labels, self.device) if labels is not None and self.conditional else None
        return moved(real, self.device), labels

    def max_grad_norm(self, player: str) -> float | None:
        """The norm that a player's gradient is scaled down to, as a schedule has it now."""
        fixed = getattr(self.recipe.optimizers, player).max_grad_norm
        return self.schedules.number(f"optimizers.{player}.max_grad_norm", fixed)
