"""Where tensors live."""

from __future__ import annotations

import os

import torch

from ganzoo.errors import UsageError


def usable_device(device: str | torch.device) -> torch.device:
    """The device of that name, tried once; `UsageError` where it cannot be used here."""
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"device {str(device)!r} cannot be used here: {reason}") from None
    return target


def default_device() -> str:
    """A GPU where there is one (of several processes, each its own), else the CPU."""
    if not torch.cuda.is_available():
        return "cpu"
    place = os.environ.get("LOCAL_RANK")  # as torchrun says it
    return "cuda" if place is None else f"cuda:{place}"
