"""Checks of what a loss returns, and of what it does to others meanwhile."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ganzoo.engine.setup import Setup
from ganzoo.engine.state import TrainingState
from ganzoo.errors import CheckError
from ganzoo.testing.failures import Blocked, raising_line, short, wrong
from ganzoo.testing.games import MOVERS, Turn, turn_numbers, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import (
    buffers_kept,
    equal,
    isolate_draws,
    moved_states,
    random_states,
    seeded,
)

TORCH_DRAWS = (
    r"torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial|poisson)"
    r"|_like\(|\.(uniform|normal|random|bernoulli|exponential)_\(|[dD]ropout"
)
OTHER_DRAWS = r"np\.random|numpy\.random|random\.|torch\.Generator|default_rng"


def check_terms(subject: LossSubject) -> str:
    """Both turns return a dict of named, finite values of at least one dimension."""
    report: dict[str, str] = {}
    state, setup = subject.ready()
    for _, mover in turn_numbers(state):
        with seeded(0), turn_of(state, setup, mover) as turn:
            terms = _checked_terms(subject, turn)
            report.setdefault(mover, f"{mover}: {', '.join(terms) or 'nothing'}")
    return "; ".join(report.values())


def check_randomness(subject: LossSubject) -> None:
    """A loss draws by `round.uniform` and `round.normal` alone: equal rounds have equal terms.

    Draws of layers inside the networks do not count; the engine seeds them.
    """
    state, setup = subject.ready()
    isolate_draws(state.discriminator)
    isolate_draws(state.generator)
    with buffers_kept(state.generator, state.discriminator):
        first = _drawn(subject, state, setup, seed=1)
    state.loss = subject.made(seed=0).requires_grad_(False)
    second = _drawn(subject, state, setup, seed=2)
    for mover in MOVERS:
        for name, values in first[mover].items():
            if name not in second[mover] or not equal(values, second[mover][name]):
                raise subject.wrong(
                    f"the {mover}'s term {name!r} differs between two equal rounds: it is drawn "
                    "from a source of its own, or kept from round to round outside a buffer; draw "
                    "with round.uniform(*shape), keep with self.register_buffer",
                    OTHER_DRAWS,
                    mover,
                )


def _drawn(
    subject: LossSubject, state: TrainingState, setup: Setup, seed: int
) -> dict[str, dict[str, Tensor]]:
    """The terms of both turns under a seed of torch's; refuses a loss that moves a generator."""
    terms = {}
    for mover in MOVERS:
        before = random_states()
        with seeded(0), turn_of(state, setup, mover) as turn, seeded(seed):
            inside = random_states()
            terms[mover] = terms_of(subject, turn)
            moved = moved_states(inside, "torch")
        if moved := [*moved, *moved_states(before, "numpy", "random")]:
            raise subject.wrong(
                f"the {mover}'s turn draws from the global generator of {moved[0]}, so a resumed "
                "run, or one on two machines, would draw other numbers: draw with "
                "round.uniform(*shape) or round.normal(*shape)",
                TORCH_DRAWS if moved[0] == "torch" else OTHER_DRAWS,
                mover,
            )
    return terms


def check_hands_off(subject: LossSubject) -> None:
    """A turn changes nothing: no weights, no requires_grad, no train mode, no gradients."""
    state, setup = subject.ready()
    for mover in MOVERS:
        with seeded(0), turn_of(state, setup, mover) as turn:
            before = _traits(turn)
            terms_of(subject, turn)
            after = _traits(turn)
        for (trait, owner), value in before.items():
            if not _alike(value, after[trait, owner]):
                remedy, pattern = EFFECTS[trait]
                raise subject.wrong(
                    f"the {mover}'s turn changes {trait} of {owner}: {remedy}", pattern, mover
                )


#: What a turn must leave alone: what to do instead, and a pattern of the line that changes it.
EFFECTS = {
    "requires_grad": (
        "the engine decides what is trained; use .detach() on a result instead",
        r"requires_grad",
    ),
    "the mode": (
        "the engine sets train and eval mode; take .train() and .eval() out",
        r"\.train\(|\.eval\(",
    ),
    "the weights": (
        "only the engine steps optimizers; return terms, and let constrain() clip",
        r"\.step\(|_\(|\.data\b|no_grad",
    ),
    "the gradient": (
        "only the engine backpropagates; return terms, and take .backward() out",
        r"\.backward\(|zero_grad",
    ),
}


def _traits(turn: Turn) -> dict[tuple[str, str], list[Any]]:
    """Everything that a turn must leave alone, by trait and owner."""
    traits: dict[tuple[str, str], list[Any]] = {}
    owners: dict[str, nn.Module] = {
        "the generator": turn.round.generator.module,
        "the discriminator": turn.round.discriminator.module,
        "its own networks": turn.state.loss,
    }
    for owner, module in owners.items():
        parameters = list(module.parameters())
        traits["the mode", owner] = [inner.training for inner in module.modules()]
        traits["requires_grad", owner] = [p.requires_grad for p in parameters]
        traits["the weights", owner] = [p.detach().clone() for p in parameters]
        traits["the gradient", owner] = [p.grad is None for p in parameters]
    return traits


def _alike(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(
        equal(one, other) if isinstance(one, Tensor) else one == other
        for one, other in zip(a, b, strict=True)
    )


def terms_of(subject: LossSubject, turn: Turn) -> dict[str, Tensor]:
    """The turn's terms; if they are not sound, `check_terms` reports it."""
    try:
        return _checked_terms(subject, turn)
    except CheckError as error:
        raise Blocked("check_terms", "its turns cannot be played") from error


def _checked_terms(subject: LossSubject, turn: Turn) -> dict[str, Tensor]:
    """The turn's terms, if they are sound."""
    mover = turn.mover
    try:
        terms: Any = turn.terms()
    except Exception as error:
        hint = (
            ": what it reads beside scores and samples must be in its `needs`, and published by "
            "one of the players"
        )
        raise wrong(
            f"the {mover}'s turn fails ({short(error, 200)})"
            f"{hint if isinstance(error, KeyError) else ''}",
            raising_line(error),
        ) from error
    if not isinstance(terms, dict):
        raise subject.wrong(
            f"the {mover}'s turn returns {type(terms).__name__} instead of named terms, such as "
            '{"real": values}: is a return missing?',
            method=mover,
        )
    for name, values in terms.items():
        _check_term(subject, mover, name, values)
    if terms and not any(values.requires_grad for values in terms.values()):
        raise subject.wrong(
            f"no term of the {mover}'s turn depends on the {mover}: something on the way is "
            "detached, or under no_grad; score the round's samples as they are",
            r"detach\(|no_grad|\.data\b|\.item\(",
            mover,
        )
    return terms


def _check_term(subject: LossSubject, mover: str, name: Any, values: Any) -> None:
    problem, pattern = "", r"\.mean\(\)|\.sum\(\)|reduction|cross_entropy|mse_loss"
    if not isinstance(name, str) or not name:
        problem = f"a term of the {mover}'s turn is called {name!r}: name it by a string"
    elif not isinstance(values, Tensor):
        problem = (
            f"the {mover}'s term {name!r} is a {type(values).__name__} instead of a tensor with a "
            "value for each sample: leave a term out on turns that have none"
        )
    elif values.dim() == 0:
        problem = (
            f"the {mover}'s term {name!r} is a single number: the mean was taken already, and the "
            'engine takes it; return values per sample [N] (reduction="none", no .mean()), or '
            "value.expand(len(round.real)) if there is one for the batch"
        )
    elif not values.is_floating_point() or values.numel() == 0 or not values.isfinite().all():
        held = "NaN, infinity or nothing" if values.is_floating_point() else str(values.dtype)
        pattern = r"\blog\(|sqrt|/|norm\("
        problem = (
            f"the {mover}'s term {name!r} holds {held} with untrained players, and terms must be "
            "finite numbers: look for a log, a root or a division at 0"
        )
    if problem:
        raise subject.wrong(problem, pattern, mover)
