"""Where tensors live."""

from __future__ import annotations

import os

import torch

from ganzoo.errors import UsageError
from ganzoo.given import told

#: Enough of torch's own words: the rest is about how torch was built.
LONGEST_REASON = 120


def usable_device(device: str | torch.device) -> torch.device:
    """The device of that name, tried once; `UsageError` where it cannot be used here."""
    if not isinstance(device, str | torch.device):
        raise UsageError(f"device must be text such as 'cpu' or 'cuda:1', found {told(device)}")
    try:
        target = torch.device(device)
    except RuntimeError:
        raise _unusable(device, "torch knows none of that name") from None
    if target.type == "meta":
        raise _unusable(device, "it holds no values")
    try:
        torch.empty(0, device=target)
    except NotImplementedError:  # of a thousand words
        raise _unusable(device, "this torch was built without it") from None
    except (RuntimeError, AssertionError) as error:
        raise _unusable(device, str(error).splitlines()[0].partition(". ")[0]) from None
    return target


def _unusable(device: str | torch.device, reason: str) -> UsageError:
    """That a device cannot be used, why, and which can."""
    short = reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 4]} ..."
    here = ", ".join(devices_here())
    return UsageError(f"device {str(device)!r} cannot be used here: {short}; usable: {here}")


def devices_here() -> list[str]:
    """The names of the devices that can be used on this machine."""
    cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu", *cards, *(["mps"] if torch.backends.mps.is_available() else [])]


def own_device(asked: str | None = None) -> str:
    """The device asked for, else a GPU where there is one: of several, each process its own.

    More processes than GPUs share them in turn.
    """
    device = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    place = os.environ.get("LOCAL_RANK")  # as torchrun says it
    if device != "cuda" or place is None:
        return device
    return f"cuda:{int(place) % max(1, torch.cuda.device_count())}"
