"""Usable devices, the name of the processor, and the versions that matter."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ganzoo._version import __version__
from ganzoo.arguments import described
from ganzoo.errors import UsageError

#: The longest part of torch's message that is repeated; the rest is about how torch was built.
LONGEST_REASON = 120


def usable_device(device: str | torch.device) -> torch.device:
    """The device of that name, tried once; `UsageError` if it cannot be used here."""
    if not isinstance(device, str | torch.device):
        raise UsageError(
            f"device must be text such as 'cpu' or 'cuda:1', found {described(device)}"
        )
    try:
        target = torch.device(device)
    except RuntimeError:
        raise _unusable(device, "torch knows no device of that name") from None
    if target.type == "meta":
        raise _unusable(device, "it has no values")
    try:
        torch.empty(0, device=target)
    except NotImplementedError:  # whose message has a thousand words
        raise _unusable(device, "this torch was built without it") from None
    except (RuntimeError, AssertionError) as error:
        raise _unusable(device, str(error).splitlines()[0].partition(". ")[0]) from None
    return target


def _unusable(device: str | torch.device, reason: str) -> UsageError:
    """The error for a device that cannot be used, with the reason and the usable ones."""
    short = reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 4]} ..."
    here = ", ".join(devices_here())
    return UsageError(f"device {str(device)!r} cannot be used here: {short}; usable: {here}")


def devices_here() -> list[str]:
    """The names of the devices that can be used on this machine."""
    cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu", *cards, *(["mps"] if torch.backends.mps.is_available() else [])]


def own_device(asked: str | None = None) -> str:
    """The given device, or else a GPU where there is one; each process gets its own of several.

    With more processes than GPUs, they take the GPUs in turn.
    """
    device = asked or ("cuda" if torch.cuda.is_available() else "cpu")
    place = os.environ.get("LOCAL_RANK")  # set by torchrun
    if device != "cuda" or place is None:
        return device
    return f"cuda:{int(place) % max(1, torch.cuda.device_count())}"


def hardware(device: torch.device) -> str:
    """The name of the processor behind a device."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type}, {_processor()}"


def free_memory() -> int | None:
    """Bytes of main memory that processes can still get; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else None


def versions(*also: str) -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on, `also` where installed."""
    packages = {name: _version(name) for name in ("timm", *also)}
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "ganzoo-core": __version__,
        **{name: number for name, number in packages.items() if number is not None},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
