"""Building a network whose weights will be loaded, without drawing them first.

The meta device would be faster still, but a buffer that is not saved, or a plain tensor that a
constructor computes, would have no value there. Here everything is built, and only the operations
that fill a parameter in place are skipped: the file brings every parameter. If another value would
depend on such a parameter, or on draws after it, the network is built again and filled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from ganzoo.errors import WeightsError

M = TypeVar("M", bound=nn.Module)

#: In-place operations of initialisation; on parameters they are skipped.
FILLS = frozenset(
    {
        *("add_", "bernoulli_", "clamp_", "constant_", "div_", "erfinv_", "exponential_"),
        *("fill_", "kaiming_normal_", "kaiming_uniform_", "log_normal_", "mul_", "normal_"),
        *("ones_", "sub_", "uniform_", "xavier_normal_", "xavier_uniform_"),
        *("zero_", "zeros_"),
    }
)
#: Functions that make a tensor of a given size, with the position of that argument.
MAKERS = {
    **dict.fromkeys(("empty", "full", "ones", "rand", "randn", "zeros"), 0),
    **dict.fromkeys(("new_empty", "new_full", "new_ones", "new_zeros"), 1),
}
#: Bytes that a network may allocate beyond its file's size while it is built, for tables and such.
SLACK = 64 * 2**20

#: Functions that read or change something of a tensor other than its values.
LOOKS = frozenset(
    {
        *("__get__", "__hash__", "__len__", "__set__", "_has_compatible_shallow_copy_type"),
        *("dim", "element_size", "get_device", "is_complex", "is_contiguous"),
        *("is_floating_point", "is_pinned", "is_same_size", "is_shared", "is_signed"),
        *("ndimension", "nelement", "numel", "register_hook"),
        *("register_post_accumulate_grad_hook", "result_type", "retain_grad", "size"),
        *("storage_offset", "stride", "type"),
    }
)
#: Functions that make a tensor in the shape of another.
_LIKE = re.compile(r"new_.*|.*_like")
#: Functions that draw, and a few that do not, which is harmless.
_DRAWS = re.compile(
    "rand|normal|uniform|bernoulli|exponential|geometric|cauchy|multinomial|poisson|orthogonal"
    "|sparse|dropout|rrelu|gumbel"
)


class _MissedError(BaseException):
    """A constructor needs a value that was skipped; not an Exception, so that none swallows it."""


def built(make: Callable[[], M], *, seed: int = 0, file_bytes: int | None = None) -> M:
    """The network that `make` builds, for weights that are about to be loaded into all of it.

    Values outside the weights are those of a network filled from torch's own generator at
    `seed`; the generator's state is restored. `file_bytes` is the size of the weights: a network
    that needs far more is refused with a `WeightsError` before memory is allocated, since its
    arguments may come from a stranger.
    """
    most = None if file_bytes is None else 4 * file_bytes + SLACK
    with _seeded(seed):
        mode = LeaveParametersUnfilled(most)
        try:
            with mode:
                network = make()
        except (Exception, _MissedError):
            if not mode.at_fault:
                raise
        else:
            if not mode.lacks(network):
                return network
    with _seeded(seed), nullcontext() if most is None else Weighed(most):
        return make()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch's own generator, and restore it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class Weighed(TorchFunctionMode):
    """Inside, a network that needs more than `most` bytes is refused before they are allocated."""

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self._most, self._made = most, 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Count the bytes of a tensor that is about to be made, and make it."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if self._most is not None and name in MAKERS:
            self._count(args[MAKERS[name] :], kwargs)
        return self.answer(func, name, args, kwargs)

    def answer(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """The function's result."""
        return func(*args, **kwargs)

    def _count(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Add the bytes of a tensor to be made; `WeightsError` if there are too many."""
        size = kwargs.get("size", args[0] if args and isinstance(args[0], Sequence) else args)
        whole = [side for side in size if isinstance(side, int)]
        self._made += math.prod(whole) * (kwargs.get("dtype") or torch.float32).itemsize
        if self._most is not None and self._made > self._most:
            raise WeightsError(
                f"the arguments in config.json make a network of at least "
                f"{self._made / 1e6:,.0f} MB, and the weights are far smaller; one of the two does "
                "not belong to this model"
            )


class LeaveParametersUnfilled(Weighed):
    """Inside, parameters are not filled: they keep the values of their fresh memory.

    False values are tracked from memory to memory: those of such parameters, and what is drawn
    after a skipped fill. `missed` is set if a constructor read one (`item`, `numpy`, an `if`),
    `at_fault` that one may have made it fail, and `lacks` whether a network holds one that is not
    saved.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__(most)
        self.missed = self.at_fault = False
        self._false: dict[int, StorageWeakRef] = {}
        self._drawn = False
        self._random_state: Tensor | None = None  # when the first fill was skipped

    def answer(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Skip a fill of a parameter; track the results of everything else."""
        if name in FILLS:
            target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, nn.Parameter) and not is_lazy(target):
                self._skip(target)
                return target
        if not self._false:
            return func(*args, **kwargs)
        draws = _DRAWS.search(name) is not None
        like = _LIKE.fullmatch(name) is not None
        touched = not like and any(map(self._is_false, _tensors((args, *kwargs.values()))))
        if not draws and not touched:
            return func(*args, **kwargs)
        self._drawn |= draws
        self.at_fault |= draws or name not in LOOKS
        made = func(*args, **kwargs)
        self._track((args[0],) if name == "__setitem__" else made)
        if touched and name not in LOOKS and not _is_tracked(made):
            self.missed = True
            raise _MissedError
        return made

    def lacks(self, network: nn.Module) -> bool:
        """Whether the network holds a false value that its weights will not replace."""
        before, now = self._random_state, torch.get_rng_state()
        if before is not None and not self._drawn and not torch.equal(before, now):
            return True  # an unknown function drew
        saved = [t for t in network.state_dict(keep_vars=True).values() if _has_memory(t)]
        whole = {
            memory._cdata
            for tensor, memory in ((tensor, tensor.untyped_storage()) for tensor in saved)
            if tensor.numel() * tensor.itemsize == memory.nbytes()
        }
        return self.missed or any(
            place not in whole and not memory.expired()  # type: ignore[no-untyped-call]
            for place, memory in self._false.items()
        )

    def _skip(self, target: nn.Parameter) -> None:
        if self._random_state is None:
            self._random_state = torch.get_rng_state()
        self._track(target)

    def _is_false(self, tensor: Tensor) -> bool:
        return _has_memory(tensor) and tensor.untyped_storage()._cdata in self._false

    def _track(self, made: Any) -> None:
        """Remember the memory of all tensors in a result."""
        for tensor in filter(_has_memory, _tensors(made)):
            memory = tensor.untyped_storage()
            if memory._cdata not in self._false:
                self._false[memory._cdata] = StorageWeakRef(memory)  # type: ignore[no-untyped-call]


def _is_tracked(made: Any) -> bool:
    """Whether a result consists of tensors with known memory, and None."""
    return all(value is None or _has_memory(value) for value in _leaves(made))


def _leaves(value: Any) -> Iterator[Any]:
    """The values in nested tuples, lists and dictionaries."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _tensors(values: Any) -> Iterator[Tensor]:
    return (value for value in _leaves(values) if isinstance(value, Tensor))


def _has_memory(value: Any) -> bool:
    """Whether this is a tensor with ordinary memory: not lazy, not sparse."""
    return isinstance(value, Tensor) and not is_lazy(value) and value.layout is torch.strided
