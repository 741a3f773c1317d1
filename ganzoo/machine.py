"""What work was done on and with: the processor in words, and the versions that matter."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ganzoo._version import __version__


def hardware(device: torch.device) -> str:
    """The processor that did the work, in words."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type}, {_processor()}"


def versions(*also: str) -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on, `also` where installed."""
    found = {name: _version(name) for name in ("timm", *also)}
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "ganzoo-core": __version__,
        **{name: number for name, number in found.items() if number is not None},
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
