"""Building a network whose weights will be loaded, without the work of drawing them first.

The meta device would be quicker still, but a buffer that is not saved, or a plain tensor that a
constructor computes, would stay there without a value. Here everything is built for real, and only
what fills a parameter in place is left out: the file brings every parameter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

#: In-place operations that initialisation consists of; on parameters they are left out.
FILLS = frozenset(
    {
        *("add_", "bernoulli_", "clamp_", "constant_", "div_", "erfinv_", "exponential_"),
        *("fill_", "kaiming_normal_", "kaiming_uniform_", "log_normal_", "mul_", "normal_"),
        *("ones_", "sub_", "uniform_", "xavier_normal_", "xavier_uniform_"),
        *("zero_", "zeros_"),
    }
)


#: Fills of one parameter that are left out; after so many somebody is waiting for a value.
PATIENCE = 64


class LeaveParametersUnfilled(TorchFunctionMode):
    """Inside, parameters keep whatever memory they were given."""

    def __init__(self) -> None:
        super().__init__()
        self._left_out: Counter[int] = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Answer a fill of a parameter with the parameter; pass on everything else."""
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in FILLS:
            target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, nn.Parameter) and self._left_out[id(target)] < PATIENCE:
                self._left_out[id(target)] += 1
                return target
        return func(*args, **kwargs)


@contextmanager
def unfilled() -> Iterator[None]:
    """Build networks unfilled, leaving torch's own random state as it was."""
    with torch.random.fork_rng(devices=[]), LeaveParametersUnfilled():
        yield
