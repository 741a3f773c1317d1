"""Building a network whose weights will be loaded, without the work of drawing them first.

The meta device would be quicker still, but a buffer that is not saved, or a plain tensor that a
constructor computes, would stay there without a value. Here everything is built for real, and only
what fills a parameter in place is left out: the file brings every parameter. Where something else
would come of such a parameter, or of what was drawn after it, the network is built again, and
filled.
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

#: Functions that look at a tensor and at none of its values, or change what is no value.
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
#: Functions that draw, and some that do not: an error on the safe side.
_DRAWS = re.compile(
    "rand|normal|uniform|bernoulli|exponential|geometric|cauchy|multinomial|poisson|orthogonal"
    "|sparse|dropout|rrelu|gumbel"
)


class _MissedError(BaseException):
    """A constructor wants a value that was left out; what catches all exceptions lets it go on."""


def built(make: Callable[[], M], *, seed: int = 0, file_bytes: int | None = None) -> M:
    """The network that `make` builds, for weights that are about to be loaded all into it.

    Whatever of it the weights do not bring is as if it had been built and filled with torch's own
    generator at `seed`, which is left as it was. `file_bytes` is the size of the weights; a network
    that wants far more is refused with a `WeightsError` before it gets the memory, since its
    arguments may be a stranger's.
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
    """Lend torch's own generator, seeded so."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


class Weighed(TorchFunctionMode):
    """Inside, a network that wants more than `most` bytes is refused before it gets them."""

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
        """Weigh what is about to be made, and make it."""
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if self._most is not None and name in MAKERS:
            self._count(args[MAKERS[name] :], kwargs)
        return self.answer(func, name, args, kwargs)

    def answer(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """What the function gives."""
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


class LeaveParametersUnfilled(Weighed):
    """Inside, parameters keep whatever memory they were given.

    Values that are not what they would have been are followed from memory to memory: those of such
    parameters, and what is drawn once a fill was left out. `missed` says that a constructor looked
    at one (`item`, `numpy`, an `if`), `at_fault` that one may be why it failed, and `lacks` whether
    a network holds one that is not saved.
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__(most)
        self.missed = self.at_fault = False
        self._false: dict[int, StorageWeakRef] = {}
        self._drawn = False
        self._random_state: Tensor | None = None  # when the first fill was left out

    def answer(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Answer a fill of a parameter with the parameter; follow what everything else makes."""
        if name in FILLS:
            target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, nn.Parameter) and not is_lazy(target):
                self._leave_out(target)
                return target
        if not self._false:
            return func(*args, **kwargs)
        draws = _DRAWS.search(name) is not None
        like = _LIKE.fullmatch(name) is not None
        touched = not like and any(map(self._is_false, _tensors((args, *kwargs.values()))))
        if not draws and not touched:
            return func(*args, **kwargs)
        self._drawn = self._drawn or draws
        self.at_fault = self.at_fault or draws or name not in LOOKS
        made = func(*args, **kwargs)
        self._follow((args[0],) if name == "__setitem__" else made)
        if touched and name not in LOOKS and not _is_followed(made):
            self.missed = True
            raise _MissedError
        return made

    def lacks(self, network: nn.Module) -> bool:
        """Whether the network holds a false value that its weights will not replace."""
        before, now = self._random_state, torch.get_rng_state()
        if before is not None and not self._drawn and not torch.equal(before, now):
            return True  # something drew that is not known to draw
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

    def _leave_out(self, target: nn.Parameter) -> None:
        if self._random_state is None:
            self._random_state = torch.get_rng_state()
        self._follow(target)

    def _is_false(self, tensor: Tensor) -> bool:
        return _has_memory(tensor) and tensor.untyped_storage()._cdata in self._false

    def _follow(self, made: Any) -> None:
        """Remember the memory of the tensors in this."""
        for tensor in filter(_has_memory, _tensors(made)):
            memory = tensor.untyped_storage()
            if memory._cdata not in self._false:
                self._false[memory._cdata] = StorageWeakRef(memory)  # type: ignore[no-untyped-call]


def _is_followed(made: Any) -> bool:
    """Whether what a function gave is nothing but tensors whose memory is known, or None."""
    return all(value is None or _has_memory(value) for value in _leaves(made))


def _leaves(value: Any) -> Iterator[Any]:
    """What lies in tuples, lists and dictionaries."""
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
    """Whether this is a tensor with memory of its own kind: not lazy, not sparse."""
    return isinstance(value, Tensor) and not is_lazy(value) and value.layout is torch.strided
