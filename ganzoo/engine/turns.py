"""One turn of each player: what DESIGN calls a step is n of the first and one of the second.

A turn is played share by share: the rows of one rank, and of those one micro-batch after the
other. Each share is an equal part of the global batch, so that the mean of the shares' gradients
is the gradient of the batch wherever terms are means over samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.counters import Counters, DataOrder
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.schedules import set_rate
from ganzoo.engine.shares import Share
from ganzoo.engine.state import TrainingState, set_buffers
from ganzoo.errors import TrainingError
from ganzoo.interfaces import Dataset, Discriminator, Loss, Player, Round, Terms
from ganzoo.specs import Optimizer, Recipe
from ganzoo.wrappers import Augmented

#: Takes named values that are shown.
Log = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class Played:
    """A share of one discriminator turn: `fakes` carry their graph where they will be reused."""

    share: Share
    real: Tensor
    labels: Tensor | None
    latents: Tensor
    fakes: Tensor


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
    ranks: Ranks = field(default_factory=Ranks)
    shares: tuple[Share, ...] = (Share(),)  #: this process's parts of every global batch

    @property
    def graph_is_kept(self) -> bool:
        """Whether the generator's turn gets the fakes' graph; more shares would be held at once."""
        return self.recipe.reuse_fakes and len(self.shares) == 1

    def precision(self) -> AbstractContextManager[Any]:
        """Autocast where the recipe asks for it."""
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)

    def real_batch(self, images_seen: int, share: Share) -> tuple[Tensor, Tensor | None]:
        """A share of the next real images, and their labels where they are wanted."""
        rows = self.order.rows(images_seen, self.recipe.batch)
        real, labels = self.data.batch(share.of(rows))
        if labels is not None and (self.conditional or labels.is_floating_point()):
            labels = labels.to(self.device, non_blocking=True)
        else:
            labels = None
        return real.to(self.device, non_blocking=True), labels

    def conditions(self, n: int) -> Tensor | None:
        """The data set's first n floating labels, in a circle; None where it has others."""
        _, labels = self.data.batch(torch.arange(n) % len(self.data))
        return labels if labels is not None and labels.is_floating_point() else None


def step(state: TrainingState, table: Table, log: Log) -> list[Played]:
    """All discriminator turns and a generator turn; returns the last of the former, by share."""
    for number in range(table.recipe.discriminator_steps):
        last = number == table.recipe.discriminator_steps - 1
        played = discriminator_turn(state, table, log, keep_graph=last and table.graph_is_kept)
    generator_turn(state, table, log, played)
    return played


def discriminator_turn(
    state: TrainingState, table: Table, log: Log, *, keep_graph: bool = False
) -> list[Played]:
    """One step of the discriminator."""
    mover, played = "discriminator", []
    forget_gradients(state.discriminator_optimizer)
    with unfrozen(table.trainable):
        for share in one_by_one(state.loss, table.shares):
            real, labels = table.real_batch(state.images, share)
            latents = draw_latents(state, table, share, mover)
            fakes = make_fakes(state, table, share, latents, labels, mover, keep_graph=keep_graph)
            played.append(Played(share, real, labels, latents, fakes))
            round = make_round(state, table, played[-1], log, mover)
            table.counters.seed_layers(state.turn, "discriminator-layers", share.index)
            with table.precision():
                terms = state.loss.discriminator(round)
            backpropagate(terms, mover, log, len(table.shares))
        move(state, table, mover)
    with torch.no_grad():
        state.loss.constrain(state.discriminator)
    state.turn += 1
    state.images += table.recipe.batch
    return played


def generator_turn(state: TrainingState, table: Table, log: Log, last: list[Played]) -> None:
    """One step of the generator, on the last turn's fakes or on new ones, as the recipe says."""
    mover = "generator"
    forget_gradients(state.generator_optimizer)
    for share in one_by_one(state.loss, table.shares):
        found = last[share.index - table.shares[0].index]
        if not table.graph_is_kept:
            found = replay(state, table, found)
        round = make_round(state, table, found, log, mover)
        table.counters.seed_layers(state.turn, "generator-layers", share.index)
        with table.precision():
            terms = state.loss.generator(round)
        backpropagate(terms, mover, log, len(table.shares))
    move(state, table, mover)
    state.step += 1


def replay(state: TrainingState, table: Table, played: Played) -> Played:
    """Fakes with a graph for the generator's turn: new ones, or those of the last turn again."""
    share, labels = played.share, played.labels
    if table.recipe.reuse_fakes:
        turn, purpose, latents = state.turn - 1, "discriminator", played.latents
    else:
        turn, purpose = state.turn, "generator"
        latents = draw_latents(state, table, share, purpose)
    fakes = make_fakes(state, table, share, latents, labels, purpose, keep_graph=True, turn=turn)
    return Played(share, played.real, labels, latents, fakes)


def draw_latents(state: TrainingState, table: Table, share: Share, purpose: str) -> Tensor:
    """A share of the turn's latents, which are drawn for the global batch."""
    rng = table.counters.rng(state.turn, f"{purpose}-latents")
    drawn = state.generator.sample_latents(table.recipe.batch, rng=rng)
    return share.of(drawn).to(table.device, non_blocking=True)


def make_fakes(
    state: TrainingState,
    table: Table,
    share: Share,
    latents: Tensor,
    labels: Tensor | None,
    purpose: str,
    *,
    keep_graph: bool,
    turn: int | None = None,
) -> Tensor:
    """Generate from latents, in float32; `turn` (now where None) seeds layers that draw."""
    seeded = state.turn if turn is None else turn
    table.counters.seed_layers(seeded, f"{purpose}-fakes", share.index)
    with torch.set_grad_enabled(keep_graph), table.precision():
        samples: Tensor = state.generator(latents, labels)
    return samples.float()


def make_round(state: TrainingState, table: Table, played: Played, log: Log, mover: str) -> Round:
    """The record that the loss sees; in the discriminator's turn the fakes carry no gradient."""
    batch, share = table.recipe.batch, played.share
    uniform, normal = table.counters.draws(state.turn, f"{mover}-loss", table.device, batch, share)
    shown: Discriminator = state.discriminator
    if table.recipe.augmentation:
        how = table.recipe.augmentation
        augment, _ = table.counters.draws(
            state.turn, f"{mover}-augment", table.device, batch, share
        )
        shown = Augmented(state.discriminator, how, augment)
    return Round(
        real=played.real,
        fake=played.fakes.detach() if mover == "discriminator" else played.fakes,
        latents=played.latents,
        labels=played.labels,
        discriminator=Player(shown, played.labels),
        generator=Player(state.generator, played.labels),
        images_seen=state.images,
        step=state.step,
        turn=state.turn,
        uniform=uniform,
        normal=normal,
        log=log,
    )


def backpropagate(terms: Terms, mover: str, log: Log, shares: int) -> None:
    """Take each term's mean, sum, and add the share's part of the gradient."""
    if not terms and isinstance(terms, dict):
        return
    means = means_of(terms, mover)
    for name, mean in means.items():
        log(name if name == mover else f"{mover}.{name}", mean)
    total = total_of(means, mover)
    (total / shares if shares > 1 else total).backward()  # type: ignore[no-untyped-call]


def move(state: TrainingState, table: Table, mover: str) -> None:
    """One optimizer step on the gradient of the global batch."""
    optimizer, spec, turn_images = _mover(state, table, mover)
    if all(parameter.grad is None for parameter in parameters_of(optimizer)):
        return  # the loss had no terms this time
    if table.ranks.size > 1:
        table.ranks.average([*gradients_of(optimizer), *_moved_buffers(state, mover)])
    if spec.max_grad_norm is not None:
        gradients = gradients_of(optimizer)
        norm = torch.nn.utils.get_total_norm(gradients)
        torch._foreach_mul_(gradients, (spec.max_grad_norm / (norm + 1e-6)).clamp(max=1.0))
    set_rate(optimizer, spec, state.images, turn_images, table.recipe.images)
    optimizer.step()


def forget_gradients(optimizer: torch.optim.Optimizer) -> None:
    """What `zero_grad` does, without its profiler's hook: what another turn may have left here."""
    for parameter in parameters_of(optimizer):
        parameter.grad = None


def parameters_of(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    """Everything that an optimizer moves."""
    for group in optimizer.param_groups:
        yield from group["params"]


def gradients_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The gradients that are there."""
    return [p.grad for p in parameters_of(optimizer) if p.grad is not None]


def _mover(
    state: TrainingState, table: Table, mover: str
) -> tuple[torch.optim.Optimizer, Optimizer, int]:
    """Who steps, by which settings, and how many images its turn will have added."""
    if mover == "discriminator":
        spec = table.recipe.optimizers.discriminator
        return state.discriminator_optimizer, spec, table.recipe.batch
    return state.generator_optimizer, table.recipe.optimizers.generator, 0


def _moved_buffers(state: TrainingState, mover: str) -> list[Tensor]:
    """What forward passes changed, and so what ranks must agree on.

    The generator's wait for its own turn: until then the graph of the fakes needs them as they are.
    """
    owners: list[nn.Module] = [state.discriminator, state.loss]
    if mover == "generator":
        owners.append(state.generator)
    return [buffer for owner in owners for buffer in owner.buffers() if buffer.is_floating_point()]


def one_by_one(loss: Loss, shares: tuple[Share, ...]) -> Iterator[Share]:
    """Each share in turn; the loss's buffers then hold the mean of what each made of them."""
    if len(shares) == 1:
        yield shares[0]
        return
    before = dict(loss.named_buffers())
    after: list[dict[str, Tensor]] = []
    for share in shares:
        set_buffers(loss, before)
        yield share
        after.append(dict(loss.named_buffers()))
    set_buffers(loss, {name: _mean([made[name] for made in after]) for name in before})


def _mean(values: list[Tensor]) -> Tensor:
    """The mean of floating values; the last of others."""
    return torch.stack(values).mean(0) if values[0].is_floating_point() else values[-1]


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
    first, *others = means.values()
    total = sum(others, start=first)
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
    return values.mean(dtype=torch.float32)


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
