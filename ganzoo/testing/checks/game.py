"""Checks of a game: it starts, gradients reach the right player, penalties are sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.engine.terms import means_of, total_of
from ganzoo.errors import GanzooError, one_line
from ganzoo.interfaces import Discriminator, Player
from ganzoo.losses import score_gradient, squared_norm
from ganzoo.testing.failures import line_of, raising_line, short, wrong
from ganzoo.testing.games import Game, Turn, turn_numbers, turn_of
from ganzoo.testing.numerics import buffers_kept, pack_size, relative_difference, seeded, shake
from ganzoo.testing.subjects import GameSubject

#: Packs that are scored, of which all but the first are exchanged.
PACKS = 4
#: Images after which a game is in its last stage, where it has several.
LATE = 1_000_000_000
#: How far rounding may move a score, relative to the greatest.
ROUNDING = 1e-3


def check_starts(subject: GameSubject) -> str:
    """The four parts fit: shapes, classes, what the loss reads, a first call of both turns."""
    game = subject.game
    parts = ", ".join(f"{kind} {part.name}" for kind, part in game.parts.items())
    try:
        game.prepared()
    except GanzooError as error:
        raise wrong(f"{one_line(error)} ({parts})") from error
    except Exception as error:
        raise wrong(
            f"the game cannot start ({short(error)}): the checks of the part that raises explain "
            f"why ({parts})",
            raising_line(error),
        ) from error
    return parts


def check_gradients(subject: GameSubject) -> None:
    """Each turn gives finite gradients to all of the moving player, and none to the other.

    A parameter that one turn leaves out may be reached in another: some penalties come at every
    k-th turn.
    """
    game = subject.game
    for name, parameter in unreached(game, _check_turn):
        raise wrong(
            f"no turn of {game.loss.name} gives a gradient to {name!r} {list(parameter.shape)}: "
            "its output is not read, or is detached on the way; read it, or freeze it with "
            "requires_grad_(False)",
            line_of_loss(game, r"detach\(|no_grad|\.data\b", "generator"),
        )


def line_of_loss(game: Game, pattern: str = "", method: str = "discriminator") -> str:
    """The line to change in a game's loss."""
    loss = game.world.registry.find("loss", game.loss.name).resolve()
    return line_of(loss, pattern, method)


def unreached(
    game: Game, look: Callable[[Game, Turn], None] = lambda game, turn: None
) -> list[tuple[str, nn.Parameter]]:
    """Trainable parameters, by player and name, that no turn gives a gradient to.

    `look` sees each turn after backpropagation. Some games begin with another stage, such as
    maximum likelihood, so what the first turns leave out is looked for late in the game.
    """
    state, setup = game.ready()
    players: dict[str, nn.Module] = {
        "generator": state.generator,
        "discriminator": state.discriminator,
    }
    free = [p for p in state.generator.parameters() if p.requires_grad]
    missing = {id(parameter) for parameter in (*free, *setup.trainable)}
    for images in (state.images, LATE):
        if images == LATE and not missing:
            break
        state.images = images
        for _, mover in turn_numbers(state):
            with seeded(0), turn_of(state, setup, mover) as turn:
                _backpropagate(game, turn)
                look(game, turn)
                for network in players.values():
                    missing -= {id(p) for p in network.parameters() if p.grad is not None}
                    network.zero_grad(set_to_none=True)
    return [
        (f"{player}.{name}", parameter)
        for player, network in players.items()
        for name, parameter in network.named_parameters()
        if id(parameter) in missing
    ]


def _backpropagate(game: Game, turn: Turn) -> None:
    """Backpropagate the terms as the engine does."""
    try:
        means = means_of(turn.terms(), turn.mover)
        if means:
            total_of(means, turn.mover).backward()  # type: ignore[no-untyped-call]
    except GanzooError as error:
        raise wrong(one_line(error), line_of_loss(game, method=turn.mover)) from error


def _check_turn(game: Game, turn: Turn) -> None:
    """Gradients of the mover are finite, the other player's are absent."""
    mover = turn.mover
    moving, resting, other = turn.state.generator, turn.state.discriminator, "discriminator"
    if mover == "discriminator":
        moving, resting, other = turn.state.discriminator, turn.state.generator, "generator"  # type: ignore[assignment]
    if name := _with_gradient(resting.named_parameters()):
        raise wrong(
            f"the {mover}'s turn leaves a gradient in the {other} ({name!r}): what it makes anew "
            f"belongs under torch.no_grad() or behind .detach() when the {mover} moves; "
            "round.fake is detached already",
            line_of_loss(game, r"round\.generator|\.module", mover),
        )
    for name, parameter in moving.named_parameters():
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise wrong(
                f"the {mover}'s turn gives {name!r} a gradient of NaN or infinity: a norm, a root "
                "or a log of exactly 0; add a small number inside",
                line_of_loss(game, r"sqrt|norm\(|\blog\(|/", mover),
            )


def _with_gradient(parameters: Iterable[tuple[str, nn.Parameter]]) -> str | None:
    return next((name for name, p in parameters if p.grad is not None and p.grad.any()), None)


def check_batch_statistics(subject: GameSubject) -> str | None:
    """Under a penalty on each sample's gradient, scores depend on single samples (or packs)."""
    game = subject.game
    state, setup = game.ready()
    if not state.loss.double_backward:
        return "no penalty"
    network = shake(state.discriminator, seed=0)
    real, labels = setup.real_batch(0, setup.shares[0])
    unit = pack_size(network, lambda rows: None if labels is None else labels[:rows])
    if moved := _first_score_moves(network.train(), real, labels, unit):
        has_norm = any(isinstance(m, _BatchNorm) for m in network.modules())
        cause = "it has batch norm" if has_norm else "it takes statistics over the batch"
        raise wrong(
            f"{game.loss.name} penalises the gradient of each sample's score, and the score of "
            f"sample 0 changes by {moved:.2g} of its size with the others: {cause}, so the "
            "penalty is of something else (Gulrajani et al. 2017, section 4); build the "
            "discriminator without it, or with layer or instance norm",
            line_of(network, r"BatchNorm|mean\(0|std\(0|var\(0|dim=0"),
        )
    return None


def _first_score_moves(
    network: Discriminator, real: Tensor, labels: Tensor | None, unit: int
) -> float:
    """How far the first score moves when all samples but its own are exchanged."""
    real = real[: PACKS * unit]
    labels = None if labels is None else labels[: PACKS * unit]
    others = real.clone()
    others[unit:] = -others[unit:].flip(0) + 0.1
    scores = []
    for samples in (real, others):
        with torch.no_grad(), seeded(5), buffers_kept(network):
            scores.append(network(samples, labels))
    moved = relative_difference(scores[0], scores[1], slice(0, 1))
    return moved if moved > ROUNDING else 0.0


def check_second_gradient(subject: GameSubject) -> str | None:
    """If the loss says `double_backward`, the discriminator can be differentiated twice."""
    game = subject.game
    state, setup = game.ready_untried()
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
            f"{game.loss.name} takes a gradient of the discriminator's gradient, and that fails "
            f"({short(error)}): a layer or a function of its own has no second derivative, or "
            "breaks the graph; write its backward in torch's operations",
            line_of(network, r"Function|once_differentiable|detach\(|no_grad"),
        ) from error
    reached = [p.grad for p in setup.trainable if p.grad is not None]
    if not reached or not all(grad.isfinite().all() for grad in reached):
        fault = "is NaN or infinite" if reached else "reaches no parameter"
        raise wrong(
            f"the gradient of {game.loss.name}'s penalty {fault}: the discriminator's own gradient "
            "is cut off from its weights, or not finite where it is 0; look for .detach(), a "
            "custom Function, a norm without a small number under its root",
            line_of(network, r"Function|detach\(|sqrt|norm\("),
        )
    return None
