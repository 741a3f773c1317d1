"""Checks of a game: it starts, gradients go where they belong, penalties are sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.engine.turns import means_of, total_of
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Discriminator, Player
from ganzoo.losses import score_gradient, squared_norm
from ganzoo.testing.checks.loss import LAZY
from ganzoo.testing.failures import line_of, raised_at, wrong
from ganzoo.testing.games import MOVERS, TOLD, Game, Turn, turn_of
from ganzoo.testing.numerics import pack_of, seeded, shake
from ganzoo.testing.subjects import GameSubject

#: Packs that are scored, of which all but the first are exchanged.
PACKS = 4
#: What a score may move by rounding, against the greatest.
ROUNDING = 1e-3
BATCH_NORM = r"BatchNorm|mean\(0|std\(0|var\(0|dim=0"


def check_starts(subject: GameSubject) -> str:
    """The four parts fit: shapes, classes, what the loss reads, a first call of both turns."""
    game = subject.game
    try:
        game.prepared()
    except GanzooError as error:
        raise wrong(f"{one_line(error)} ({_parts(game)})") from error
    except Exception as error:
        raise wrong(
            f"the game cannot start ({one_line(error)[:TOLD]}): what a part raises by itself, its "
            f"own checks explain ({_parts(game)})",
            raised_at(error),
        ) from error
    return _parts(game)


def check_gradients(subject: GameSubject) -> None:
    """Each turn gives finite gradients to the player that moves, to all of it, none to the other.

    A parameter that one turn leaves out may be reached in another: penalties come at every k-th.
    """
    game = subject.game
    for name, parameter in unreached(game, _check_reached):
        state, _ = game.setup()
        raise wrong(
            f"no turn of {game.loss.name} gives a gradient to {name!r} {list(parameter.shape)}: "
            "what it makes is not read, or is detached on the way; read it, or freeze it with "
            "requires_grad_(False)",
            line_of(type(state.loss), r"detach\(|no_grad|\.data\b", "generator"),
        )


def unreached(
    game: Game, look: Callable[[Turn], None] = lambda turn: None
) -> list[tuple[str, nn.Parameter]]:
    """Trainable parameters, by player and name, that no turn gives a gradient to.

    `look` sees each turn once it went back.
    """
    state, setup = game.setup()
    players: dict[str, nn.Module] = {
        "generator": state.generator,
        "discriminator": state.discriminator,
    }
    free = [p for p in state.generator.parameters() if p.requires_grad]
    missing = {id(parameter) for parameter in (*free, *setup.trainable)}
    for number in range(LAZY):
        state.turn = state.step = number
        for mover in MOVERS:
            with seeded(0), turn_of(state, setup, mover) as turn:
                _go_back(turn)
                look(turn)
                for network in players.values():
                    missing -= {id(p) for p in network.parameters() if p.grad is not None}
                    network.zero_grad(set_to_none=True)
    return [
        (f"{player}.{name}", parameter)
        for player, network in players.items()
        for name, parameter in network.named_parameters()
        if id(parameter) in missing
    ]


def check_batch_statistics(subject: GameSubject) -> str | None:
    """Under a penalty on each sample's gradient, scores are of single samples (or packs)."""
    state, setup = subject.game.setup()
    if not state.loss.double_backward:
        return "no penalty"
    network = shake(state.discriminator, seed=0).train()
    real, labels = setup.real_batch(0, setup.shares[0])
    unit = pack_of(network, lambda rows: None if labels is None else labels[:rows])
    network.train()
    if moved := _first_moves(network, real, labels, unit):
        norms = [m for m in network.modules() if isinstance(m, _BatchNorm)]
        found = "it has batch norm" if norms else "it takes statistics over the batch"
        raise wrong(
            f"{subject.game.loss.name} penalises the gradient of each sample's score, and the "
            f"score of sample 0 changes by {moved:.2g} of its size with the others: {found}, so "
            "the penalty is of something else (Gulrajani et al. 2017, section 4); build the "
            "discriminator without it, or with layer or instance norm",
            line_of(network, BATCH_NORM),
        )
    return None


def check_second_gradient(subject: GameSubject) -> str | None:
    """Where the loss says `double_backward`, the discriminator can be differentiated twice."""
    state, setup = subject.game.untried()
    if not state.loss.double_backward:
        return "no penalty"
    network = state.discriminator
    for parameter in setup.trainable:
        parameter.requires_grad_(True)
    real, labels = setup.real_batch(0, setup.shares[0])
    try:
        with seeded(0):
            penalty = squared_norm(score_gradient(Player(network, labels), real))
            penalty.mean().backward()  # type: ignore[no-untyped-call]
    except Exception as error:
        raise wrong(
            f"{subject.game.loss.name} takes a gradient of the discriminator's gradient, and that "
            f"fails ({one_line(error)[:160]}): a layer or a function of its own has no second "
            "derivative, or breaks the graph; write its backward in torch's operations",
            line_of(network, r"Function|once_differentiable|detach\(|no_grad"),
        ) from error
    reached = [p.grad for p in setup.trainable if p.grad is not None]
    if not reached or not all(grad.isfinite().all() for grad in reached):
        found = "is NaN or infinite" if reached else "reaches no parameter"
        raise wrong(
            f"the gradient of {subject.game.loss.name}'s penalty {found}: the discriminator's own "
            "gradient is cut off from its weights, or not finite where it is 0; look for "
            ".detach(), a custom Function, a norm without a small number under its root",
            line_of(network, r"Function|detach\(|sqrt|norm\("),
        )
    return None


def _parts(game: Game) -> str:
    return ", ".join(f"{role} {part.name}" for role, part in game.parts.items())


def _go_back(turn: Turn) -> None:
    """What the engine does with the terms."""
    try:
        means = means_of(turn.terms(), turn.mover)
        if means:
            total_of(means, turn.mover).backward()  # type: ignore[no-untyped-call]
    except GanzooError as error:
        raise wrong(one_line(error), line_of(type(turn.state.loss), method=turn.mover)) from error


def _check_reached(turn: Turn) -> None:
    """Gradients of the mover are there and finite, the other's are absent."""
    players: dict[str, nn.Module] = {
        "generator": turn.state.generator,
        "discriminator": turn.state.discriminator,
    }
    mover, loss = turn.mover, type(turn.state.loss)
    (other,) = players.keys() - {mover}
    if name := _with_gradient(players[other].named_parameters()):
        raise wrong(
            f"the {mover}'s turn leaves a gradient in the {other} ({name!r}): what it makes anew "
            f"belongs under torch.no_grad() or behind .detach() when the {mover} moves; "
            "round.fake is already",
            line_of(loss, r"round\.generator|\.module", mover),
        )
    for name, parameter in players[mover].named_parameters():
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise wrong(
                f"the {mover}'s turn gives {name!r} a gradient of NaN or infinity: a norm, a root "
                "or a log at exactly 0; add a small number under it",
                line_of(loss, r"sqrt|norm\(|\blog\(|/", mover),
            )


def _with_gradient(parameters: Iterable[tuple[str, nn.Parameter]]) -> str | None:
    return next((name for name, p in parameters if p.grad is not None and p.grad.any()), None)


def _first_moves(network: Discriminator, real: Tensor, labels: Tensor | None, unit: int) -> float:
    """How far the first score moves when all samples but its own are exchanged."""
    real = real[: PACKS * unit]
    labels = None if labels is None else labels[: PACKS * unit]
    others = real.clone()
    others[unit:] = -others[unit:].flip(0) + 0.1
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    made = []
    for samples in (real, others):
        with torch.no_grad(), seeded(5):
            made.append(network(samples, labels))
            for buffer, value in buffers:
                buffer.copy_(value)
    scale = max(float(made[0].abs().max()), 1e-12)
    moved = float((made[0][:1] - made[1][:1]).abs().max()) / scale
    return moved if moved > ROUNDING else 0.0
