"""Building a network whose weights will be loaded, without the work of drawing them first.

The meta device would be quicker still, but a buffer that is not saved, or a plain tensor that a
constructor computes, would stay there without a value. Here everything is built for real, and only
what fills a parameter in place is left out: the file brings every parameter.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ganzoo.errors import WeightsError

#: In-place operations that initialisation consists of; on parameters they are left out.
FILLS = frozenset(
    {
        *("add_", "bernoulli_", "clamp_", "constant_", "div_", "erfinv_", "exponential_"),
        *("fill_", "kaiming_normal_", "kaiming_uniform_", "log_normal_", "mul_", "normal_"),
        *("ones_", "sub_", "uniform_", "xavier_normal_", "xavier_uniform_"),
        *("zero_", "zeros_"),
    }
)


#: Functions that make a tensor of a size they are told, and where the size stands.
MAKERS = {
    **dict.fromkeys(("empty", "full", "ones", "rand", "randn", "zeros"), 0),
    **dict.fromkeys(("new_empty", "new_full", "new_ones", "new_zeros"), 1),
}
#: Beyond a file's own size, what a network may make while it is built: tables, and the like.
SLACK = 64 * 2**20

#: Fills of one parameter that are left out; after so many somebody is waiting for a value.
PATIENCE = 64


class LeaveParametersUnfilled(TorchFunctionMode):
    """Inside, parameters keep whatever memory they were given.

    A network that wants more than `most` bytes is refused before it gets them: its arguments may be
    a stranger's.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self._most, self._made = most, 0
        self._left_out: Counter[int] = Counter()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Answer a fill of a parameter with the parameter; pass on everything else."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if self._most is not None and name in MAKERS:
            self._count(args[MAKERS[name] :], kwargs)
        if name in FILLS:
            target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, nn.Parameter) and self._left_out[id(target)] < PATIENCE:
                self._left_out[id(target)] += 1
                return target
        return func(*args, **kwargs)

    def _count(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Add what is about to be made; `WeightsError` where that is too much."""
        size = kwargs.get("size", args[0] if args and isinstance(args[0], Sequence) else args)
        whole = [side for side in size if isinstance(side, int)]
        self._made += math.prod(whole) * (kwargs.get("dtype") or torch.float32).itemsize
        if self._most is not None and self._made > self._most:
            raise WeightsError(
                f"the arguments in config.json make a network of {self._made / 1e6:,.0f} MB and "
                f"more, the weights have far less; one of them is not the model's"
            )


@contextmanager
def unfilled(file_bytes: int | None = None) -> Iterator[None]:
    """Build networks unfilled, leaving torch's own random state as it was.

    `file_bytes` is the size of the weights that they are for, which bounds their own.
    """
    most = None if file_bytes is None else 4 * file_bytes + SLACK
    with torch.random.fork_rng(devices=[]), LeaveParametersUnfilled(most):
        yield
