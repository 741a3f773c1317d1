"""One turn of each player: what DESIGN calls a step is n of the first and one of the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.counters import Counters, DataOrder
from ganzoo.engine.state import TrainingState
from ganzoo.errors import TrainingError
from ganzoo.interfaces import Dataset, Player, Round, Terms
from ganzoo.specs import Recipe

#: Takes named values that are shown.
Log = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class Fakes:
    """Fakes of one turn, with their graph where the generator's turn will use them."""

    samples: Tensor
    latents: Tensor


@dataclass(frozen=True)
class Table:
    """What both turns play with and never change."""

    recipe: Recipe
    data: Dataset
    order: DataOrder
    counters: Counters
    device: torch.device
    conditional: bool
    trainable: tuple[nn.Parameter, ...]  #: the discriminator's, as they were at the start
    autocast: torch.dtype | None = None

    def precision(self) -> AbstractContextManager[Any]:
        """Autocast where the recipe asks for it."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def real_batch(self, images_seen: int) -> tuple[Tensor, Tensor | None]:
        """The next real images, and their labels where they are wanted."""
        real, labels = self.data.batch(self.order.rows(images_seen, self.recipe.batch))
        if labels is not None and (self.conditional or labels.is_floating_point()):
            labels = labels.to(self.device, non_blocking=True)
        else:
            labels = None
        return real.to(self.device, non_blocking=True), labels

    def conditions(self, n: int) -> Tensor | None:
        """The data set's first n floating labels, in a circle; None where it has others."""
        _, labels = self.data.batch(torch.arange(n) % len(self.data))
        return labels if labels is not None and labels.is_floating_point() else None


def discriminator_turn(
    state: TrainingState, table: Table, log: Log, *, keep_graph: bool
) -> tuple[Fakes, Tensor, Tensor | None]:
    """One step of the discriminator; returns the turn's fakes, real images and labels."""
    real, labels = table.real_batch(state.images)
    fakes = make_fakes(state, table, labels, "discriminator", keep_graph=keep_graph)
    with unfrozen(table.trainable):
        round = make_round(state, table, real, labels, fakes, log, "discriminator")
        table.counters.seed_layers(state.turn, "discriminator-layers")
        with table.precision():
            terms = state.loss.discriminator(round)
        minimise(state.discriminator_optimizer, terms, "discriminator", log)
    with torch.no_grad():
        state.loss.constrain(state.discriminator)
    state.turn += 1
    state.images += table.recipe.batch
    return fakes, real, labels


def generator_turn(
    state: TrainingState,
    table: Table,
    log: Log,
    fakes: Fakes | None,
    real: Tensor,
    labels: Tensor | None,
) -> None:
    """One step of the generator, on the given fakes or, where there are none, on new ones."""
    if fakes is None:
        fakes = make_fakes(state, table, labels, "generator", keep_graph=True)
    round = make_round(state, table, real, labels, fakes, log, "generator")
    table.counters.seed_layers(state.turn, "generator-layers")
    with table.precision():
        terms = state.loss.generator(round)
    minimise(state.generator_optimizer, terms, "generator", log)
    state.step += 1


def make_fakes(
    state: TrainingState, table: Table, labels: Tensor | None, purpose: str, *, keep_graph: bool
) -> Fakes:
    """Draw the turn's latents for the global batch and generate from them."""
    rng = table.counters.rng(state.turn, f"{purpose}-latents")
    latents = state.generator.sample_latents(table.recipe.batch, rng=rng)
    latents = latents.to(table.device, non_blocking=True)
    table.counters.seed_layers(state.turn, f"{purpose}-fakes")
    with torch.set_grad_enabled(keep_graph), table.precision():
        samples = state.generator(latents, labels).float()
    return Fakes(samples, latents)


def make_round(
    state: TrainingState,
    table: Table,
    real: Tensor,
    labels: Tensor | None,
    fakes: Fakes,
    log: Log,
    mover: str,
) -> Round:
    """The record that the loss sees; in the discriminator's turn the fakes carry no gradient."""
    uniform, normal = table.counters.draws(state.turn, f"{mover}-loss", table.device)
    return Round(
        real=real,
        fake=fakes.samples.detach() if mover == "discriminator" else fakes.samples,
        latents=fakes.latents,
        labels=labels,
        discriminator=Player(state.discriminator, labels),
        generator=Player(state.generator, labels),
        images_seen=state.images,
        step=state.step,
        turn=state.turn,
        uniform=uniform,
        normal=normal,
        log=log,
    )


def minimise(optimizer: torch.optim.Optimizer, terms: Terms, mover: str, log: Log) -> None:
    """Take each term's mean, sum, backpropagate and step."""
    if not terms and isinstance(terms, dict):
        return
    means = means_of(terms, mover)
    for name, mean in means.items():
        log(name if name == mover else f"{mover}.{name}", mean)
    optimizer.zero_grad()  # whatever the other player's turn may have left here
    total_of(means, mover).backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def means_of(terms: Any, mover: str) -> dict[str, Tensor]:
    """Each term's mean; a loss that returns no mapping of terms is refused."""
    if not isinstance(terms, dict):
        raise TrainingError(
            f"the loss returns {type(terms).__name__} in the {mover}'s turn; "
            "return a dict of named terms"
        )
    return {name: mean_of(name, values, mover) for name, values in terms.items()}


def total_of(means: dict[str, Tensor], mover: str) -> Tensor:
    """What is backpropagated; it must depend on the player that moves."""
    total = torch.stack([*means.values()]).sum()
    if not total.requires_grad:
        raise TrainingError(
            f"no term of the {mover}'s turn ({', '.join(means)}) depends on the {mover}; "
            "is something detached?"
        )
    return total


def mean_of(name: str, values: Any, mover: str) -> Tensor:
    """A term's mean; whatever is no tensor of values is refused by name."""
    if not isinstance(values, Tensor) or values.dim() == 0:
        found = "a single number" if isinstance(values, Tensor) else type(values).__name__
        raise TrainingError(
            f"the loss's {mover} term {name!r} is {found}; return values per sample ([N]) and "
            "leave the mean to the engine, or expand a batch's value"
        )
    if values.numel() == 0:
        raise TrainingError(f"the loss's {mover} term {name!r} holds no values")
    return values.float().mean()


@contextmanager
def unfrozen(parameters: tuple[nn.Parameter, ...]) -> Iterator[None]:
    """Let gradients reach the discriminator's weights; at rest they do not."""
    for parameter in parameters:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(False)
