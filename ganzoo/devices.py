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


def own_device(asked: str | None = None) -> str:
    """The device asked for, else a GPU where there is one: of several, each process its own."""
    device = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    place = os.environ.get("LOCAL_RANK")  # as torchrun says it
    return f"cuda:{place}" if device == "cuda" and place is not None else device
