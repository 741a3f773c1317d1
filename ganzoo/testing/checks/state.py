"""Checks of what a loss or an augmentation keeps from turn to turn: in buffers, replaced."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from torch import Tensor, nn

from ganzoo.testing.checks.loss import terms_of
from ganzoo.testing.failures import short
from ganzoo.testing.games import turn_numbers, turn_of
from ganzoo.testing.network_subjects import LossSubject
from ganzoo.testing.numerics import equal, seeded
from ganzoo.testing.subjects import PartSubject

M = TypeVar("M", bound=nn.Module)

#: torch's own attributes of a module.
TORCHS = frozenset(vars(nn.Module())) | {"_non_persistent_buffers_set"}


def check_state(subject: LossSubject) -> None:
    """What a loss keeps from turn to turn is in buffers that it replaces, detached."""
    state, setup = subject.ready()
    loss = state.loss = copied(subject, state.loss)
    for number, mover in turn_numbers(state):
        with (
            state_checked(subject, loss, f"the {mover}'s turn", mover),
            seeded(number),
            turn_of(state, setup, mover) as turn,
        ):
            terms_of(subject, turn)


def copied(subject: PartSubject, module: M) -> M:
    """A copy, such as the engine makes before a run."""
    try:
        return copy.deepcopy(module)
    except Exception as error:
        raise subject.wrong(
            f"copy.deepcopy of the {subject.kind} fails ({short(error)}), and the engine tries a "
            "copy before a run: self holds a tensor with a graph, a lock, a file or a generator; "
            "make it where it is used",
            r"self\.\w+\s*=",
            "__init__",
        ) from error


@contextmanager
def state_checked(
    subject: PartSubject, module: nn.Module, turn: str, method: str
) -> Iterator[None]:
    """Refuse a turn that keeps a graph, edits a buffer in place, or keeps state elsewhere."""
    buffers = {name: (b, b.detach().clone(), b._version) for name, b in module.named_buffers()}
    attributes = _attributes(module)
    yield
    for name, now in module.named_buffers():
        if now.requires_grad:
            raise subject.wrong(
                f"{turn} keeps a graph in the buffer {name!r}, which would grow with every turn: "
                f"write self.{name} = (...).detach()",
                rf"self\.{name}\s*=",
                method,
            )
        then, value, version = buffers.get(name, (None, now, 0))
        if now is then and (now._version != version or not equal(now, value)):
            raise subject.wrong(
                f"{turn} edits the buffer {name!r} in place, which spoils a graph that needs the "
                "old value and adds up over micro-batches: replace it, as in "
                f"self.{name} = self.{name} + ...",
                rf"self\.{name}(\.\w+_\(|\[|\.data|\s*[-+*/]=)",
                method,
            )
    for name, value in _attributes(module).items():
        if name not in attributes or not _same(attributes[name], value):
            raise subject.wrong(
                f"{turn} changes self.{name}, which no checkpoint holds, so a resumed run would "
                f'start again with it: call self.register_buffer("{name}", ...) in __init__, and '
                "replace the buffer",
                rf"self\.{name.rpartition('.')[2]}\b.*=",
                method,
            )


def _attributes(module: nn.Module) -> dict[str, Any]:
    """What a module and its layers keep on themselves beside parameters and buffers."""
    values = {}
    for place, owner in module.named_modules():
        for name, value in vars(owner).items():
            declared = getattr(type(owner), name, None)
            if name not in TORCHS and not isinstance(declared, functools.cached_property):
                values[f"{place}.{name}".lstrip(".")] = _snapshot(value)
    return values


def _snapshot(value: Any) -> Any:
    """A copy, if one can be made."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _same(a: Any, b: Any) -> bool:
    """Whether two values are equal; values that cannot be compared count as equal."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return equal(a, b)
    if type(a) is not type(b):
        return False
    try:
        # other objects may compare by identity, which says nothing of a copy
        return bool(a == b) or not isinstance(a, int | float | str | list | dict | set | tuple)
    except Exception:
        return True
