"""What lies behind an error that a part raises, and what its author does about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from ganzoo.errors import did_you_mean

#: How torch says that a module was never readied, whatever was done with it first.
UNREADY = (
    "before Module.__init__() call",
    *(f"has no attribute '{name}'" for name in ("_modules", "_parameters", "_backward_hooks")),
)
READY_IT = "call super().__init__() first in its __init__"
#: Words of torch's errors about sizes that do not fit.
SIZES = ("shape", "size", "channels", "dimension", "Dimension", "running_mean")


def remedy(error: BaseException) -> str:
    """What to do about an error whose kind says it; empty for others."""
    text = str(error)
    if any(said in text for said in UNREADY):
        return READY_IT
    match error:
        case ModuleNotFoundError():
            return (
                f"is {error.name!r} misspelt? if not, install it, and name it under dependencies "
                "in pyproject.toml"
            )
        case ImportError():
            return "is the name misspelt, or of another version? import what is there"
        case UnboundLocalError():
            return "give it a value on every way there"
        case NameError():
            return "import it, or spell it as it is defined"
        case SyntaxError():
            return "Python cannot read that line; mend it"
        case AttributeError():
            return _misspelt(error)
    if "numpy() on Tensor" in text:
        return "numpy knows no gradients; write it in torch's operations"
    return ""


def unreadied(made: object) -> bool:
    """Whether a module was built without `nn.Module.__init__`."""
    return isinstance(made, nn.Module) and "_modules" not in vars(made)


def refuses(method: Callable[..., Any], inputs: int, **named: Any) -> bool:
    """Whether a method cannot be called with so many inputs, and these by name."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(*[None] * inputs, **named)
    except TypeError:
        return True
    return False


def written(method: Callable[..., Any]) -> str:
    """How a method was written: `forward(latents)`."""
    names = [str(one).partition(":")[0] for one in inspect.signature(method).parameters.values()]
    return f"{getattr(method, '__name__', 'it')}({', '.join(names)})"


def of_sizes(error: BaseException) -> bool:
    """Whether an error is of tensors whose sizes do not fit."""
    return isinstance(error, RuntimeError | ValueError) and any(s in str(error) for s in SIZES)


def _misspelt(error: AttributeError) -> str:
    """The nearest attribute, where the error says whose was asked for."""
    near = ""
    if error.obj is not None and isinstance(error.name, str):
        near = did_you_mean(error.name, dir(error.obj), otherwise="")
    return near or "is it misspelt, or set only later?"
