"""Checks of what a loss returns, and of what it does to others while it does."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ganzoo.engine.state import TrainingState
from ganzoo.engine.turns import Setup
from ganzoo.errors import CheckError, one_line
from ganzoo.testing.failures import Blocked, raised_at, wrong
from ganzoo.testing.games import MOVERS, Turn, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import equal, moved_states, random_states, seeded, shelter

TORCH_DRAWS = (
    r"torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial|poisson)"
    r"|_like\(|\.(uniform|normal|random|bernoulli|exponential)_\(|[dD]ropout"
)
#: Turns that are looked at for penalties that come at every k-th.
LAZY = 4
OTHER_DRAWS = r"np\.random|numpy\.random|random\.|torch\.Generator|default_rng"


def check_terms(subject: LossSubject) -> str:
    """Both turns return a dict of named values of at least one dimension, finite."""
    told: dict[str, str] = {}
    state, setup = subject.setup()
    for number in range(LAZY):
        state.turn = state.step = number
        for mover in MOVERS:
            with seeded(0), turn_of(state, setup, mover) as turn:
                terms = _checked_terms(subject, turn)
                told.setdefault(mover, f"{mover}: {', '.join(terms) or 'nothing'}")
    return "; ".join(told.values())


def check_randomness(subject: LossSubject) -> None:
    """A loss draws by `round.uniform` and `round.normal` alone: equal rounds have equal terms.

    What layers draw inside the networks is not looked at; the engine seeds it.
    """
    state, setup = subject.setup()
    shelter(state.discriminator)
    shelter(state.generator)
    buffers = [(b, b.clone()) for p in (state.generator, state.discriminator) for b in p.buffers()]
    first = _drawn(subject, state, setup, seed=1)
    for buffer, value in buffers:  # which passes in train mode move
        buffer.copy_(value)
    with seeded(0):
        state.loss = subject.made().requires_grad_(False)
    second = _drawn(subject, state, setup, seed=2)
    for mover in MOVERS:
        for name, values in first[mover].items():
            if name not in second[mover] or not equal(values, second[mover][name]):
                raise wrong(
                    f"the {mover}'s term {name!r} differs between two equal rounds: it is drawn "
                    "from a source of its own, or kept from round to round outside of a buffer; "
                    "draw with round.uniform(*shape), keep with self.register_buffer",
                    subject.line(OTHER_DRAWS, mover),
                )


def check_hands_off(subject: LossSubject) -> None:
    """A turn moves nothing: no weights, no requires_grad, no train mode, no gradients."""
    state, setup = subject.setup()
    for mover in MOVERS:
        with seeded(0), turn_of(state, setup, mover) as turn:
            before = _traits(turn)
            terms_of(subject, turn)
            after = _traits(turn)
        for (what, whose), value in before.items():
            if not _alike(value, after[what, whose]):
                raise wrong(
                    f"the {mover}'s turn changes {what} of {whose}: {_EFFECTS[what]}",
                    subject.line(_PATTERNS[what], mover),
                )


def _drawn(
    subject: LossSubject, state: TrainingState, setup: Setup, seed: int
) -> dict[str, dict[str, Tensor]]:
    """The terms of both turns with torch seeded so; a loss that draws from others is refused."""
    found = {}
    for mover in MOVERS:
        before = random_states()
        with seeded(0), turn_of(state, setup, mover) as turn, seeded(seed):
            inside = random_states()
            found[mover] = terms_of(subject, turn)
            moved = moved_states(inside, "torch")
        if moved := [*moved, *moved_states(before, "numpy", "random")]:
            pattern = TORCH_DRAWS if moved[0] == "torch" else OTHER_DRAWS
            raise wrong(
                f"the {mover}'s turn draws from the global generator of {moved[0]}: a run that "
                "goes on, or that two machines share, would draw other numbers; draw with "
                "round.uniform(*shape) or round.normal(*shape)",
                subject.line(pattern, mover),
            )
    return found


def terms_of(subject: LossSubject, turn: Turn) -> dict[str, Tensor]:
    """What the turn returns; where those are no terms, `check_terms` says it."""
    try:
        return _checked_terms(subject, turn)
    except CheckError as error:
        raise Blocked("check_terms", "its turns cannot be played") from error


def _checked_terms(subject: LossSubject, turn: Turn) -> dict[str, Tensor]:
    """What the turn returns, if those are terms."""
    mover = turn.mover
    try:
        terms: Any = turn.terms()
    except Exception as error:
        hint = (
            ": what it reads beside scores and samples must be in its `needs`, and published by "
            "one of the players"
        )
        raise wrong(
            f"the {mover}'s turn fails ({one_line(error)[:200]})"
            f"{hint if isinstance(error, KeyError) else ''}",
            raised_at(error),
        ) from error
    if not isinstance(terms, dict):
        raise wrong(
            f"the {mover}'s turn returns {type(terms).__name__}: it returns named terms, such as "
            '{"real": values}; is a return missing?',
            subject.line(method=mover),
        )
    for name, values in terms.items():
        _check_term(subject, mover, name, values)
    if terms and not any(values.requires_grad for values in terms.values()):
        raise wrong(
            f"no term of the {mover}'s turn depends on the {mover}: something on the way is "
            "detached, or under no_grad; score what the round gives, as it gives it",
            subject.line(r"detach\(|no_grad|\.data\b|\.item\(", mover),
        )
    return terms


def _check_term(subject: LossSubject, mover: str, name: Any, values: Any) -> None:
    at = subject.line(r"\.mean\(\)|\.sum\(\)|reduction|cross_entropy|mse_loss", mover)
    if not isinstance(name, str) or not name:
        raise wrong(f"a term of the {mover}'s turn is called {name!r}: names are text", at)
    if not isinstance(values, Tensor):
        raise wrong(
            f"the {mover}'s term {name!r} is a {type(values).__name__}: terms are tensors of "
            "values, one for each sample; leave a term out on turns that have none",
            at,
        )
    if values.dim() == 0:
        raise wrong(
            f"the {mover}'s term {name!r} is a single number: the mean was taken already, and the "
            'engine takes it; return values per sample [N] (reduction="none", no .mean()), or '
            "value.expand(len(round.real)) of what is one for the batch",
            at,
        )
    if not values.is_floating_point() or values.numel() == 0 or not values.isfinite().all():
        found = str(values.dtype) if not values.is_floating_point() else "NaN, infinity or nothing"
        raise wrong(
            f"the {mover}'s term {name!r} holds {found} with untrained players: terms are finite "
            "numbers; look for a log, a root or a division at 0",
            subject.line(r"\blog\(|sqrt|/|norm\(", mover),
        )


_EFFECTS = {
    "requires_grad": "what is trained is the engine's to say; use .detach() on a result instead",
    "the mode": "train and eval are the engine's to say; take .train() and .eval() out",
    "the weights": "only the engine steps optimizers; return terms, and let constrain() clip",
    "the gradient": "only the engine goes back; return terms, and take .backward() out",
}
_PATTERNS = {
    "requires_grad": r"requires_grad",
    "the mode": r"\.train\(|\.eval\(",
    "the weights": r"\.step\(|_\(|\.data\b|no_grad",
    "the gradient": r"\.backward\(|zero_grad",
}


def _traits(turn: Turn) -> dict[tuple[str, str], Any]:
    """All that a turn must leave as it is, by what it is and whose."""
    found: dict[tuple[str, str], Any] = {}
    owners: dict[str, nn.Module] = {
        "the generator": turn.round.generator.module,
        "the discriminator": turn.round.discriminator.module,
        "its own networks": turn.state.loss,
    }
    for whose, module in owners.items():
        parameters = list(module.parameters())
        found["the mode", whose] = [inner.training for inner in module.modules()]
        found["requires_grad", whose] = [p.requires_grad for p in parameters]
        found["the weights", whose] = [p.detach().clone() for p in parameters]
        found["the gradient", whose] = [p.grad is None for p in parameters]
    return found


def _alike(a: list[Any], b: list[Any]) -> bool:
    if len(a) != len(b):
        return False
    return all(
        equal(one, other) if isinstance(one, Tensor) else one == other
        for one, other in zip(a, b, strict=True)
    )
