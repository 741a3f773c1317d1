"""The one door for weights that others saved with torch: tensors come through, nothing else does.

A PyTorch checkpoint is a pickle. A process of its own reads it with `weights_only=True`, which
admits tensors and plain containers, under limits of memory, time and file size, and hands over a
safetensors file; a checkpoint that is more than that, or too much, ends that process and not this.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ganzoo.errors import WeightsError, one_line
from ganzoo.weights import read_tensors

SECONDS = 300
#: Memory that the reader may use beyond what it has when it begins, as a multiple of the file.
ROOM = 4
SLACK = 1 << 30
DEPTH = 8


def read_foreign(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or a PyTorch checkpoint, by dotted names.

    Raises `WeightsError` where the file is missing or is anything but weights.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is missing")
    if path.suffix == ".safetensors":
        return read_tensors(path)
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
        out = Path(folder) / "tensors.safetensors"
        command = [sys.executable, "-P", "-m", "ganzoo.foreign", str(path.absolute()), str(out)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise WeightsError(f"{path} was not read in {SECONDS} s; it is no usual file") from None
        if done.returncode != 0 or not out.is_file():
            said = done.stderr.strip().splitlines() or [f"the reader ended with {done.returncode}"]
            raise WeightsError(f"{path} holds more than weights, or is damaged: {said[-1][:300]}")
        return read_tensors(out)


def flatten(data: object, path: str = "", depth: int = DEPTH) -> dict[str, Tensor]:
    """The tensors in nested mappings, by dotted names; what is no tensor is left out."""
    if isinstance(data, Tensor):
        return {path: data}
    found: dict[str, Tensor] = {}
    if isinstance(data, dict) and depth > 0:
        for key, value in data.items():
            found |= flatten(value, f"{path}.{key}" if path else str(key), depth - 1)
    return found


def _convert(source: Path, target: Path) -> None:
    """In the process of its own: read, and write what is tensors."""
    _limit(source.stat().st_size)
    tensors = flatten(torch.load(source, map_location="cpu", weights_only=True))  # noqa: TID251
    if not tensors:
        raise ValueError("it holds no tensors")
    save_file({name: _plain(tensor) for name, tensor in tensors.items()}, target)


def _plain(tensor: Tensor) -> Tensor:
    """A dense tensor with memory of its own, laid out as safetensors wants it."""
    return tensor.detach().to_dense().clone(memory_format=torch.contiguous_format)


def _limit(size: int) -> None:
    """Give this process no more memory, file size and time than a file of that size needs."""
    try:
        import resource
    except ImportError:
        return  # Windows has none; weights_only still holds
    room = ROOM * size + SLACK
    limits = {resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_FSIZE: room}
    with suppress(OSError):  # elsewhere than on Linux nobody says what it has already
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + room
    for name, most in limits.items():
        _, hard = resource.getrlimit(name)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))


def _reason(error: BaseException) -> str:
    """Why a file was not read, without torch's advice to read it all the same."""
    text = one_line(error)
    if found := re.search(r"GLOBAL (\S+)", text):
        return f"it names {found[1]}, which is no tensor"
    return text.rpartition("WeightsUnpickler error: ")[2][:200]


if __name__ == "__main__":
    try:
        _convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except BaseException as error:
        sys.exit(_reason(error))
