"""One turn of each player: what DESIGN calls a step is n of the first and one of the second.

A turn is played share by share: the rows of one rank, and of those one micro-batch after the
other. Each share is an equal part of the global batch, so that the mean of the shares' gradients
is the gradient of the batch wherever terms are means over samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo.augmentations import Augmented
from ganzoo.data.devices import moved
from ganzoo.engine.micro_batches import Share
from ganzoo.engine.randomness import BalancedOrder, Counters, DataOrder
from ganzoo.engine.ranks import Ranks
from ganzoo.engine.run.metrics import REAL
from ganzoo.engine.schedules import Moving
from ganzoo.engine.state import TrainingState, set_buffers
from ganzoo.errors import TrainingError
from ganzoo.interfaces import Augmentation, Dataset, Discriminator, Player, Round, Terms
from ganzoo.sampling import Labeller
from ganzoo.specs import Recipe

if TYPE_CHECKING:
    from ganzoo.engine.cuda_graphs import Graphs

#: Takes named values that are shown.
Log = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class Minibatch:
    """A share of a turn before it is played: real samples and latents."""

    share: Share
    real: Tensor
    labels: Tensor | None
    latents: Tensor


@dataclass(frozen=True)
class JudgedMinibatch(Minibatch):
    """A share of a turn with its fakes, which carry their graph where they will be reused."""

    fakes: Tensor


@dataclass(frozen=True)
class Setup:
    """What both turns play with and never change."""

    recipe: Recipe
    data: Dataset
    order: DataOrder | BalancedOrder
    counters: Counters
    device: torch.device
    conditional: bool
    trainable: tuple[nn.Parameter, ...]  #: the discriminator's, as they were at the start
    autocast: torch.dtype | None = None
    ranks: Ranks = field(default_factory=Ranks)
    shares: tuple[Share, ...] = (Share(),)  #: this process's parts of every global batch
    schedules: Moving = field(default_factory=Moving)
    graphs: Graphs | None = None  #: plays turns as CUDA graphs
    round_type: type[Round] = Round
    labeller: Labeller = field(default_factory=Labeller)  #: of samples that are shown

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
        """A share of the next real images, and their labels where both players take them."""
        rows = self.order.rows(images_seen, self.recipe.batch)
        real, labels = self.data.batch(share.of(rows))
        labels = moved(labels, self.device) if labels is not None and self.conditional else None
        return moved(real, self.device), labels


def step(state: TrainingState, setup: Setup, log: Log) -> list[JudgedMinibatch]:
    """All turns of both players; returns the last of the discriminator's, by share."""
    recipe = setup.recipe
    for number in range(recipe.discriminator_steps):
        last = number == recipe.discriminator_steps - 1
        played = discriminator_turn(state, setup, log, keep_graph=last and setup.graph_is_kept)
    for number in range(recipe.generator_steps):
        generator_turn(state, setup, log, played, number)
    return played


def discriminator_turn(
    state: TrainingState, setup: Setup, log: Log, *, keep_graph: bool = False
) -> list[JudgedMinibatch]:
    """One step of the discriminator, on real samples and on fakes."""
    setup.schedules.move(state.images + setup.recipe.batch)
    forget_gradients(state.discriminator_optimizer)
    played, play = [], discriminate if setup.graphs is None else setup.graphs.discriminate
    with unfrozen(setup.trainable):
        for share in one_by_one(state, setup.shares):
            dealt = deal(state, setup, share)
            setup.counters.seed_layers(state.turn, "discriminator-layers", share.index)
            played.append(play(state, setup, dealt, log, keep_graph=keep_graph))
        owners = (state.discriminator, state.loss, state.augmentations)
        take_step(state.discriminator_optimizer, setup, "discriminator", owners)
    with torch.no_grad():
        state.loss.constrain(state.discriminator)
        for augmentation in state.augmentations:
            augmentation.adapt(setup.recipe.batch)  # type: ignore[operator]
    state.turn += 1
    state.images += setup.recipe.batch
    return played


def generator_turn(
    state: TrainingState, setup: Setup, log: Log, last: list[JudgedMinibatch], number: int = 0
) -> None:
    """One step of the generator, on the last turn's fakes or on new ones, as the recipe says."""
    forget_gradients(state.generator_optimizer)
    play = generate if setup.graphs is None else setup.graphs.generate
    for share, played in zip(one_by_one(state, setup.shares), last, strict=True):
        dealt: Minibatch = played
        if number or not setup.graph_is_kept:
            dealt = deal_again(state, setup, played, number)
        setup.counters.seed_layers(state.turn, f"{nth(number)}-layers", share.index)
        play(state, setup, dealt, log, number=number)
    owners = (state.discriminator, state.loss, state.augmentations, state.generator)
    take_step(state.generator_optimizer, setup, "generator", owners)
    state.step += 1


def nth(number: int) -> str:
    """The name of a step's n-th generator turn, by which its draws are told apart."""
    return f"generator-{number}" if number else "generator"


def deal(state: TrainingState, setup: Setup, share: Share) -> Minibatch:
    """A share of the next real samples, and latents."""
    real, labels = setup.real_batch(state.images, share)
    return Minibatch(share, real, labels, draw_latents(state, setup, share, "discriminator"))


def deal_again(
    state: TrainingState, setup: Setup, played: JudgedMinibatch, number: int
) -> Minibatch:
    """Latents for another pass through the generator: new ones, or those of the last turn again.

    The latter are shares whose graph was not kept; they get the same fakes.
    """
    share, labels = played.share, played.labels
    if number or not setup.recipe.reuse_fakes:
        latents = draw_latents(state, setup, share, nth(number))
        return Minibatch(share, played.real, labels, latents)
    setup.counters.seed_layers(state.turn - 1, "discriminator-layers", share.index)
    fakes = make_fakes(state, setup, played.latents, labels, keep_graph=True)
    return JudgedMinibatch(share, played.real, labels, played.latents, fakes)


def discriminate(
    state: TrainingState, setup: Setup, dealt: Minibatch, log: Log, *, keep_graph: bool
) -> JudgedMinibatch:
    """A share of the discriminator's turn: fakes, its terms, and their gradient."""
    fakes = make_fakes(state, setup, dealt.latents, dealt.labels, keep_graph=keep_graph)
    played = JudgedMinibatch(dealt.share, dealt.real, dealt.labels, dealt.latents, fakes)
    log = overheard(log, state.augmentations)
    round = make_round(state, setup, played, fakes.detach(), log, "discriminator")
    with setup.precision():
        terms = state.loss.discriminator(round)
    backpropagate(terms, "discriminator", log, len(setup.shares))
    return played


def generate(
    state: TrainingState, setup: Setup, dealt: Minibatch, log: Log, *, number: int = 0
) -> None:
    """A share of the generator's turn: its terms, and their gradient."""
    if isinstance(dealt, JudgedMinibatch):
        fakes = dealt.fakes
    else:
        fakes = make_fakes(state, setup, dealt.latents, dealt.labels, keep_graph=True)
    round = make_round(state, setup, dealt, fakes, log, nth(number))
    with setup.precision():
        terms = state.loss.generator(round)
    backpropagate(terms, "generator", log, len(setup.shares))


def draw_latents(state: TrainingState, setup: Setup, share: Share, purpose: str) -> Tensor:
    """A share of the turn's latents, which are drawn for the global batch."""
    rng = setup.counters.rng(state.turn, f"{purpose}-latents")
    drawn = state.generator.sample_latents(setup.recipe.batch, rng=rng)
    return moved(share.of(drawn), setup.device)


def make_fakes(
    state: TrainingState,
    setup: Setup,
    latents: Tensor,
    labels: Tensor | None,
    *,
    keep_graph: bool,
) -> Tensor:
    """Samples of latents, in float32."""
    with torch.set_grad_enabled(keep_graph), setup.precision():
        samples: Tensor = state.generator(latents, labels)
    return samples.float()


def make_round(
    state: TrainingState, setup: Setup, dealt: Minibatch, fakes: Tensor, log: Log, turn: str
) -> Round:
    """The record that the loss sees."""
    draws = setup.counters.draws
    place = (setup.device, setup.recipe.batch, dealt.share)
    uniform, normal = draws(state.turn, f"{turn}-loss", *place)
    shown: Discriminator = state.discriminator
    if state.augmentations:
        augment = draws(state.turn, f"{turn}-augment", *place)
        shown = Augmented(state.discriminator, state.augmentations, *augment)
    return setup.round_type(
        real=dealt.real,
        fake=fakes,
        latents=dealt.latents,
        labels=dealt.labels,
        discriminator=Player(shown, dealt.labels),
        generator=Player(state.generator, dealt.labels),
        images_seen=state.images,
        step=state.step,
        turn=state.turn,
        uniform=uniform,
        normal=normal,
        log=log,
    )


def overheard(log: Log, augmentations: nn.ModuleList) -> Log:
    """The log, with adaptive augmentations told of the scores of real samples."""
    if not augmentations:
        return log
    listeners = [a for a in augmentations if isinstance(a, Augmentation) and a.adaptive]

    def told(name: str, values: Tensor) -> None:
        log(name, values)
        if name == REAL:
            with torch.no_grad():
                for listener in listeners:
                    listener.observe(values.detach().float())

    return told


def backpropagate(terms: Terms, mover: str, log: Log, shares: int) -> None:
    """Take each term's mean, sum, and add the share's part of the gradient."""
    if not terms and isinstance(terms, dict):
        return
    means = means_of(terms, mover)
    for name, mean in means.items():
        log(name if name == mover else f"{mover}.{name}", mean)
    total = total_of(means, mover)
    (total / shares if shares > 1 else total).backward()  # type: ignore[no-untyped-call]


def take_step(
    optimizer: torch.optim.Optimizer, setup: Setup, player: str, owners: tuple[nn.Module, ...]
) -> None:
    """One optimizer step on the gradient of the global batch.

    The buffers of `owners` are what forward passes changed, and so what ranks must agree on. The
    generator's wait for its own turn: until then the graph of the fakes needs them as they are.
    """
    if all(parameter.grad is None for parameter in parameters_of(optimizer)):
        return  # the loss had no terms this time
    if setup.ranks.size > 1:
        setup.ranks.average([*gradients_of(optimizer), *floating_buffers(owners)])
    most = setup.schedules.number(
        f"optimizers.{player}.max_grad_norm",
        getattr(setup.recipe.optimizers, player).max_grad_norm,
    )
    if most is not None:
        gradients = gradients_of(optimizer)
        norm = torch.nn.utils.get_total_norm(gradients)
        torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
    optimizer.step()


def floating_buffers(owners: tuple[nn.Module, ...]) -> list[Tensor]:
    """The floating buffers of several modules."""
    return [buffer for owner in owners for buffer in owner.buffers() if buffer.is_floating_point()]


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


def one_by_one(state: TrainingState, shares: tuple[Share, ...]) -> Iterator[Share]:
    """Each share in turn; buffers of loss and augmentations end as the mean over the shares."""
    if len(shares) == 1:
        yield shares[0]
        return
    owners = (state.loss, state.augmentations)
    before = [dict(owner.named_buffers()) for owner in owners]
    after: list[list[dict[str, Tensor]]] = []
    for share in shares:
        for owner, buffers in zip(owners, before, strict=True):
            set_buffers(owner, buffers)
        yield share
        after.append([dict(owner.named_buffers()) for owner in owners])
    for owner, *made in zip(owners, *after, strict=True):
        set_buffers(owner, {name: _mean([one[name] for one in made]) for name in made[0]})


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


@contextmanager
def refrozen(parameters: tuple[nn.Parameter, ...]) -> Iterator[None]:
    """Within `unfrozen`, hold the discriminator's weights for a while as they are at rest."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
