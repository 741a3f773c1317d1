"""A check that two processes of a training compute what one does.

The two ranks are threads of this process that meet over gloo. They compute one at a time, as they
share torch's global generator, and wait for each other in its collectives only.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ganzoo.engine.optimizers import gradients_of
from ganzoo.engine.passes import make_fakes
from ganzoo.engine.ranks import ManyRanks, Ranks
from ganzoo.engine.setup import Minibatch, Setup
from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import discriminator_turn, generator_turn
from ganzoo.errors import one_line
from ganzoo.testing.checks.game import line_of_loss
from ganzoo.testing.failures import Skipped, wrong
from ganzoo.testing.games import Game, silent
from ganzoo.testing.numerics import buffers_kept, equal, seeded
from ganzoo.testing.subjects import GameSubject

#: How far gradients of the same batch may differ: the order of sums, over two steps.
CLOSE = 1e-3
#: The share of a player's greatest gradient to which smaller ones are compared.
ROUNDING = 0.1
#: Turns of each player that are compared.
TURNS = 2
#: Plain gradient descent, in steps so small that rounding does not carry units over a ReLU's kink.
PLAIN: dict[str, Any] = {"name": "momentum", "lr": 1e-3, "arguments": {"momentum": 0.0}}
#: How long a rank waits for the other, which may be computing.
PATIENCE = timedelta(seconds=60)


class Value(NamedTuple):
    """What is compared, and the greatest value beside it, of whose sums it may be a rounding.

    A gradient may be 0 by its nature, such as that of a last bias in a relativistic game, where
    the terms cancel.
    """

    values: Tensor
    largest: float


def check_two_processes(subject: GameSubject) -> str:
    """Two ranks over gloo get the gradients, and the loss's state, of one with the whole batch.

    Layers with batch statistics and dropout are in eval mode, as two ranks see other halves of the
    batch and draw other numbers.
    """
    game = subject.game
    game.must_start()
    if gloo is None:
        raise Skipped("torch was built without gloo, over which two processes would meet")
    try:
        alone = _played(game, Ranks())
        together = {} if alone is None else _played_together(game)
    except Exception as error:
        raise wrong(f"with two processes the game fails: {one_line(error)[:300]}") from error
    if alone is None:
        raise Skipped("its networks draw inside, and two processes draw other numbers than one")
    differences = {name: difference(together[name], alone[name]) for name in alone}
    worst = max(differences, key=lambda name: differences[name])
    if differences[worst] > CLOSE:
        raise wrong(
            "two processes with half of a batch each get another value than one with the whole: "
            f"{worst} is off by {differences[worst]:.2g} of its size; a term is no mean over "
            "samples (a square of a mean, statistics of the batch, a maximum), or counts rows; "
            "return values per sample, and waive this if the paper wants batch statistics",
            line_of_loss(game, r"mean\(|std\(|max\(|len\(|shape\[0\]"),
        )
    return f"apart by {differences[worst]:.1g} at most"


#: torch's process group, of which a process can have several.
gloo: Any = getattr(dist, "ProcessGroupGloo", None)


class GlooRank(ManyRanks):
    """One of two ranks in this process; `turn` is held while it computes."""

    def __init__(self, rank: int, store: Any, turn: Lock) -> None:
        self.rank, self.size, self._turn = rank, 2, turn
        options = gloo._Options()
        options._devices = [gloo.create_device(hostname="127.0.0.1")]
        options._timeout = PATIENCE
        with self._waiting():
            self._group = gloo(store, rank, self.size, options)

    def _reduce(self, tensor: Tensor, how: Any = dist.ReduceOp.SUM, *, facts: bool = False) -> None:
        options = dist.AllreduceOptions()
        options.reduceOp = how
        with self._waiting():
            self._group.allreduce([tensor], options).wait()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Let the other rank compute, and get torch's generator back as it was."""
        state = torch.get_rng_state()
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
            torch.set_rng_state(state)


def _played_together(game: Game) -> dict[str, Value]:
    """What rank 0 of two gets."""
    store, turn = dist.HashStore(), Lock()  # type: ignore[attr-defined]

    def play(rank: int) -> dict[str, Value] | None:
        with turn:
            return _played(game, GlooRank(rank, store, turn))

    with ThreadPoolExecutor(2) as pool:
        ranks = [pool.submit(contextvars.copy_context().run, play, rank) for rank in range(2)]
        return ranks[0].result() or {}


def _played(game: Game, ranks: Ranks) -> dict[str, Value] | None:
    """Gradients and buffers of a few turns, by name; None if the networks draw by themselves."""
    config = game.config(TURNS, optimizers={"generator": PLAIN, "discriminator": PLAIN})
    config = replace(config, recipe=replace(config.recipe, reuse_fakes=False))
    state, setup = game.prepared(config, ranks)
    for module in (*state.generator.modules(), *state.discriminator.modules()):
        if isinstance(module, _BatchNorm | _DropoutNd):
            module.eval()
    with seeded(0):
        if _draws(state, setup):
            return None
        values: dict[str, Value] = {}
        for number in range(TURNS):
            last = discriminator_turn(state, setup, silent)
            values |= _kept(state, "discriminator", f"turn {number}")
            generator_turn(state, setup, silent, last)
            values |= _kept(state, "generator", f"turn {number}")
    return values


def _draws(state: TrainingState, setup: Setup) -> bool:
    """Whether a pass draws: two ranks draw other numbers than one does, on purpose."""
    share = setup.shares[0]
    real, labels = setup.real_batch(0, share)
    latents = state.generator.sample_latents(len(real), rng=torch.Generator().manual_seed(0))
    with torch.no_grad(), buffers_kept(state.generator, state.discriminator):
        make_fakes(state, setup, Minibatch(share, real, labels, latents), keep_graph=False)
        torch.default_generator.manual_seed(0)
        before = torch.get_rng_state()
        state.generator(latents, labels)
        state.discriminator(real, labels)
        return not equal(before, torch.get_rng_state())


def _kept(state: TrainingState, mover: str, when: str) -> dict[str, Value]:
    """The mover's gradients and the loss's buffers."""
    network: nn.Module = getattr(state, mover)
    gradients = {}
    if gradients_of(getattr(state, f"{mover}_optimizer")):
        for name, parameter in network.named_parameters():
            if parameter.grad is not None:
                gradients[f"the gradient of the {mover}'s {name}, {when}"] = parameter.grad.clone()
    largest = max((float(one.abs().max()) for one in gradients.values() if one.numel()), default=0)
    values = {name: Value(gradient, largest) for name, gradient in gradients.items()}
    for name, buffer in state.loss.named_buffers():
        if buffer.is_floating_point():
            values[f"the loss's buffer {name}, {when}"] = Value(buffer.clone(), 0)
    return values


def difference(a: Value, b: Value) -> float:
    """The greatest difference, relative to the greatest value of `b` and a size of rounding."""
    if a.values.numel() == 0:
        return 0.0
    size = b.values.abs().max() + ROUNDING * b.largest + 1e-4
    apart = float((a.values - b.values).abs().max() / size)
    return apart if math.isfinite(apart) else math.inf
