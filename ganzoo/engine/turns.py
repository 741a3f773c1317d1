"""The turns of a training step, as in algorithm 1 of Goodfellow et al. 2014 (arXiv 1406.2661).

A step is k turns of the discriminator and one or more of the generator. A turn is played share by
share: the rows of this process, and of those one micro-batch after the other. All shares of the
global batch are equal, so the mean of their gradients is the gradient of the batch where terms
are means over samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ganzoo.data.devices import moved
from ganzoo.engine.micro_batches import Share
from ganzoo.engine.optimizers import forget_gradients, gradients_of
from ganzoo.engine.passes import (
    DISCRIMINATOR,
    GENERATOR,
    discriminator_pass,
    generator_pass,
    make_fakes,
    unfrozen,
)
from ganzoo.engine.randomness import TurnDraws
from ganzoo.engine.setup import JudgedMinibatch, Log, Minibatch, Setup
from ganzoo.engine.state import TrainingState, set_buffers


def step(state: TrainingState, setup: Setup, log: Log) -> list[JudgedMinibatch]:
    """Play all turns of a step; returns the last minibatch that the discriminator judged."""
    for k in range(setup.recipe.discriminator_steps):
        last = k == setup.recipe.discriminator_steps - 1
        judged = discriminator_turn(state, setup, log, keep_graph=last and setup.keeps_graph)
    for number in range(setup.recipe.generator_steps):
        generator_turn(state, setup, log, judged, number)
    return judged


def discriminator_turn(
    state: TrainingState, setup: Setup, log: Log, *, keep_graph: bool = False
) -> list[JudgedMinibatch]:
    """Update the discriminator on real samples x and fakes G(z)."""
    draws = TurnDraws(setup.counters, state.turn, DISCRIMINATOR)
    play = discriminator_pass if setup.graphs is None else setup.graphs.discriminator_pass
    setup.schedules.move(state.images + setup.recipe.batch)
    forget_gradients(state.discriminator_optimizer)
    judged = []
    with unfrozen(setup.trainable):
        for share in each_share(state, setup.shares):
            batch = sample_minibatch(state, setup, share, draws)
            draws.seed_layers(share)
            judged.append(play(state, setup, batch, draws, log, keep_graph=keep_graph))
        changed = (state.discriminator, state.loss, state.augmentations)
        update(state.discriminator_optimizer, setup, setup.max_grad_norm(DISCRIMINATOR), changed)
    with torch.no_grad():
        state.loss.constrain(state.discriminator)
        for augmentation in state.augmentations:
            augmentation.adapt(setup.recipe.batch)  # type: ignore[operator]
    state.turn += 1
    state.images += setup.recipe.batch
    return judged


def generator_turn(
    state: TrainingState,
    setup: Setup,
    log: Log,
    judged: list[JudgedMinibatch],
    number: int = 0,
) -> None:
    """Update the generator on fakes G(z), those just judged or new ones; `number` in the step."""
    draws = TurnDraws(setup.counters, state.turn, generator_name(number))
    play = generator_pass if setup.graphs is None else setup.graphs.generator_pass
    forget_gradients(state.generator_optimizer)
    for share, last in zip(each_share(state, setup.shares), judged, strict=True):
        batch = minibatch_again(state, setup, last, draws, number)
        draws.seed_layers(share)
        play(state, setup, batch, draws, log)
    changed = (state.discriminator, state.loss, state.augmentations, state.generator)
    update(state.generator_optimizer, setup, setup.max_grad_norm(GENERATOR), changed)
    state.step += 1


def generator_name(number: int) -> str:
    """The name of a step's n-th generator turn, which tells its draws apart."""
    return f"{GENERATOR}-{number}" if number else GENERATOR


def sample_minibatch(
    state: TrainingState, setup: Setup, share: Share, draws: TurnDraws
) -> Minibatch:
    """A share of the next real samples x, and latents z."""
    real, labels = setup.real_batch(state.images, share)
    return Minibatch(share, real, labels, draw_latents(state, setup, share, draws))


def minibatch_again(
    state: TrainingState, setup: Setup, judged: JudgedMinibatch, draws: TurnDraws, number: int
) -> Minibatch:
    """A share of a generator's turn: what was just judged, or the same real samples and new z."""
    share = judged.share
    if number or not setup.recipe.reuse_fakes:
        latents = draw_latents(state, setup, share, draws)
        return Minibatch(share, judged.real, judged.labels, latents)
    if setup.keeps_graph:
        return judged
    TurnDraws(setup.counters, state.turn - 1, DISCRIMINATOR).seed_layers(share)
    fakes = make_fakes(state, setup, judged, keep_graph=True)  # the same, now with their graph
    return JudgedMinibatch(share, judged.real, judged.labels, judged.latents, fakes)


def draw_latents(state: TrainingState, setup: Setup, share: Share, draws: TurnDraws) -> Tensor:
    """A share of the turn's latents z [rows, D], which are drawn for the global batch."""
    latents = state.generator.sample_latents(setup.recipe.batch, rng=draws.latents_rng())
    return moved(share.of(latents), setup.device)


def update(
    optimizer: torch.optim.Optimizer,
    setup: Setup,
    max_norm: float | None,
    changed: tuple[nn.Module, ...],
) -> None:
    """Take one optimizer step on the gradient of the global batch.

    `changed` are the modules whose buffers the turn's passes changed, on which ranks must agree.
    The generator's wait for its own turn: until then the graph of the fakes needs them unchanged.
    """
    gradients = gradients_of(optimizer)
    if not gradients:
        return  # the loss had no terms this time
    if setup.ranks.size > 1:
        setup.ranks.average([*gradients, *floating_buffers(changed)])
    if max_norm is not None:
        norm = torch.nn.utils.get_total_norm(gradients)
        torch._foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp(max=1.0))
    optimizer.step()


def floating_buffers(modules: tuple[nn.Module, ...]) -> list[Tensor]:
    """The floating buffers of several modules."""
    return [b for module in modules for b in module.buffers() if b.is_floating_point()]


def each_share(state: TrainingState, shares: tuple[Share, ...]) -> Iterator[Share]:
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
