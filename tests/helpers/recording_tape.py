"""A recording without a GPU: operations are noted, and done again on the same tensors.

Like a CUDA graph it keeps the addresses of what it read and wrote and every number that Python had
by then, so what a graph would repeat wrongly it repeats wrongly too.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.engine.recordings import Recording

#: What batch norm overwrites without its schema saying so.
UNDECLARED = ("running_mean", "running_var")


class _Noting(TorchDispatchMode):
    """Does every operation, notes it, and remembers what it overwrote."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []
        self.before: list[tuple[Tensor, Tensor]] = []
        self._own: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        named = {a.name: given for a, given in zip(func._schema.arguments, args, strict=False)}
        for argument in func._schema.arguments:
            given = {**named, **kwargs}.get(argument.name)
            written = argument.alias_info is not None and argument.alias_info.is_write
            if written or argument.name in UNDECLARED:
                others = [t for t in tree_leaves(given) if _is_tensor(t) and not self._made(t)]
                self.before += [(tensor, tensor.clone()) for tensor in others]
        made = func(*args, **kwargs)
        self._own |= {_place(tensor) for tensor in tree_leaves(made) if _is_tensor(tensor)}
        self.operations.append((func, args, kwargs, made))
        return made

    def _made(self, tensor: Tensor) -> bool:
        """Whether it was made while this noted, so that nobody else has it."""
        return _place(tensor) in self._own


class Tape(Recording):
    """Stands for a recording on a GPU."""

    def __init__(self, pool: Any) -> None:
        self._operations: list[tuple[Any, Any, Any, Any]] = []

    @staticmethod
    def new_pool() -> Any:
        return None

    def record(self, work: Any) -> None:
        """Note the work; what it overwrote is put back, since a GPU would not have run it."""
        with _Noting() as noting:
            work()
        for tensor, before in reversed(noting.before):
            tensor.data.copy_(before)  # which autograd need not know of
        self._operations = noting.operations

    def replay(self) -> None:
        with torch.no_grad():
            for func, args, kwargs, made in self._operations:
                again = func(*args, **kwargs)
                for there, new in zip(tree_leaves(made), tree_leaves(again), strict=True):
                    if _is_tensor(there) and there.data_ptr() != new.data_ptr():
                        there.detach().copy_(new)


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)
