"""Checks of a loss's state: in buffers, replaced and not edited, and with no graph."""

from __future__ import annotations

import copy
import functools
from typing import Any

from torch import Tensor, nn

from ganzoo.errors import one_line
from ganzoo.interfaces import Loss
from ganzoo.testing.checks.loss import LAZY, terms_of
from ganzoo.testing.failures import wrong
from ganzoo.testing.games import MOVERS, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import equal, seeded

#: Attributes of a module that are torch's own.
TORCHS = frozenset(vars(nn.Module())) | {"_non_persistent_buffers_set"}


def check_state(subject: LossSubject) -> None:
    """What a loss keeps from turn to turn is in buffers that it replaces, detached."""
    state, setup = subject.setup()
    loss = _copied(subject, state.loss)
    state.loss = loss
    for number in range(LAZY):
        state.turn = state.step = number
        for mover in MOVERS:
            buffers = dict(loss.named_buffers())
            before = {name: (b, b.detach().clone(), b._version) for name, b in buffers.items()}
            kept = plain_state(loss)
            with seeded(number), turn_of(state, setup, mover) as turn:
                terms_of(subject, turn)
            _check_buffers(subject, mover, loss, before)
            _check_plain(subject, mover, kept, plain_state(loss))


def _copied(subject: LossSubject, loss: Loss) -> Loss:
    """A copy of the loss, as the engine takes one before a run."""
    try:
        return copy.deepcopy(loss)
    except Exception as error:
        raise wrong(
            f"copy.deepcopy of the loss fails ({one_line(error)[:160]}), and the engine tries a "
            "copy before a run: a tensor with a graph, a lock, a file or a generator is kept on "
            "self; make it where it is used",
            subject.line(r"self\.\w+\s*=", "__init__"),
        ) from error


def _check_buffers(
    subject: LossSubject, mover: str, loss: Loss, before: dict[str, tuple[Tensor, Tensor, int]]
) -> None:
    for name, now in loss.named_buffers():
        if now.requires_grad:
            raise wrong(
                f"the {mover}'s turn keeps a graph in the buffer {name!r}, which would grow with "
                f"every turn: write self.{name} = (...).detach()",
                subject.line(rf"self\.{name}\s*=", mover),
            )
        if name not in before:
            continue
        then, value, version = before[name]
        if now is then and (now._version != version or not equal(now, value)):
            raise wrong(
                f"the {mover}'s turn edits the buffer {name!r} in place: a graph of this turn may "
                "still need the old value, and micro-batches would add up; replace it: "
                f"self.{name} = self.{name} + ...",
                subject.line(rf"self\.{name}(\.\w+_\(|\[|\.data|\s*[-+*/]=)", mover),
            )


def _check_plain(
    subject: LossSubject, mover: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    for name, value in after.items():
        if name not in before or not same_state(before[name], value):
            raise wrong(
                f"the {mover}'s turn keeps state in self.{name}, which no checkpoint holds: a run "
                f'that goes on would begin again with it; self.register_buffer("{name}", ...) in '
                "__init__, and replace it",
                subject.line(rf"self\.{name.rpartition('.')[2]}\b.*=", mover),
            )


def plain_state(module: nn.Module) -> dict[str, Any]:
    """What a part and its modules keep on themselves beside parameters and buffers."""
    found = {}
    for place, owner in module.named_modules():
        for name, value in vars(owner).items():
            kept = getattr(type(owner), name, None)
            if name not in TORCHS and not isinstance(kept, functools.cached_property):
                found[f"{place}.{name}".lstrip(".")] = _frozen(value)
    return found


def _frozen(value: Any) -> Any:
    """A copy, where there can be one."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def same_state(a: Any, b: Any) -> bool:
    """Whether two values are alike; those that cannot be compared are."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return equal(a, b)
    if type(a) is not type(b):
        return False
    try:
        return bool(a == b) or not _is_plain(a)
    except Exception:
        return True


def _is_plain(value: Any) -> bool:
    """Numbers, text and containers, which say what they hold when they are compared."""
    return isinstance(value, int | float | str | list | dict | set | tuple | None)
