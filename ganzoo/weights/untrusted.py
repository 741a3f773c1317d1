"""The only place that reads weights saved with torch; it lets tensors through and nothing else.

A PyTorch checkpoint is a pickle. A separate process reads it with `weights_only=True`, which admits
tensors and plain containers, under limits of memory, time and file size, and writes a safetensors
file. A checkpoint that holds anything else, or too much, ends that process and not this one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ganzoo.errors import WeightsError, brief, one_line, printable
from ganzoo.weights import read_tensors
from ganzoo.weights.tensorfile import metadata, parse, read_buffer

SECONDS = 300
#: Memory that the reader may allocate, as a multiple of the file's size.
ROOM = 4
SLACK = 1 << 30
DEPTH = 8


@dataclass(frozen=True)
class Checkpoint:
    """A file's tensors by dotted names, and the names of the mappings that hold them.

    `ordered` means that they come in the file's own order, which is that of the network's layers;
    a safetensors file keeps no order.
    """

    tensors: dict[str, Tensor]
    groups: tuple[str, ...] = ()
    ordered: bool = False


def read_foreign(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or a PyTorch checkpoint, by dotted names.

    Raises `WeightsError` if the file is missing or is anything but weights.
    """
    return read_checkpoint(path).tensors


def read_checkpoint(path: Path) -> Checkpoint:
    """The same, with their order and how they were nested."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing")
    if path.suffix == ".safetensors":
        return Checkpoint(read_tensors(path))
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
        out = Path(folder) / "tensors.safetensors"
        _convert_elsewhere(path, out)
        buffer = read_buffer(out)
        tensors, about = parse(buffer, out), metadata(buffer, out)
    ordered = {name: tensors[name] for name in about["names"]}
    return Checkpoint(ordered, tuple(about["groups"]), True)


def _convert_elsewhere(path: Path, out: Path) -> None:
    """Let a separate process read a checkpoint and write its tensors."""
    module = "ganzoo.weights.untrusted"
    command = [sys.executable, "-P", "-m", module, str(path.absolute()), str(out)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise WeightsError(
            f"{path} could not be read in {SECONDS} s; it is not an ordinary checkpoint"
        ) from None
    if done.returncode != 0 or not out.is_file():
        lines = done.stderr.strip().splitlines() or [f"the reader ended with {done.returncode}"]
        raise WeightsError(f"{path} holds more than weights, or is damaged: {lines[-1][:300]}")


def flatten(data: object, path: str = "", depth: int = DEPTH) -> dict[str, Tensor]:
    """The tensors in nested mappings, by dotted names; everything else is left out.

    Raises `WeightsError` if two tensors get the same name.
    """
    if isinstance(data, Tensor):
        return {path: data}
    tensors: dict[str, Tensor] = {}
    if isinstance(data, dict) and depth > 0:
        for key, value in data.items():
            below = flatten(value, f"{path}.{key}" if path else str(key), depth - 1)
            if twice := tensors.keys() & below.keys():
                raise WeightsError(f"two of its tensors are named {brief(min(twice))}")
            tensors |= below
    return tensors


def groups(data: object, path: str = "", depth: int = DEPTH) -> list[str]:
    """The dotted names of nested mappings that hold tensors."""
    names: list[str] = []
    if isinstance(data, dict) and depth > 0:
        for key, value in data.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(value, dict) and flatten(value, depth=depth - 1):
                names += [name, *groups(value, name, depth - 1)]
    return names


def _convert(source: Path, target: Path) -> None:
    """In the separate process: read the checkpoint, and write its tensors."""
    _limit(source.stat().st_size)
    data = torch.load(source, map_location="cpu", weights_only=True)  # noqa: TID251
    tensors = flatten(data)
    if not tensors:
        raise ValueError("it has no tensors")
    about = {"names": list(tensors), "groups": groups(data)}  # safetensors sorts by name
    plain = {name: _plain(tensor) for name, tensor in tensors.items()}
    save_file(plain, target, metadata={"ganzoo": json.dumps(about)})


def _plain(tensor: Tensor) -> Tensor:
    """A dense, contiguous tensor with its own memory, as safetensors requires."""
    return tensor.detach().to_dense().clone(memory_format=torch.contiguous_format)


def _limit(size: int) -> None:
    """Limit this process to the memory, file size and time that a file of that size needs."""
    try:
        import resource
    except ImportError:
        return  # Windows has no limits; weights_only still applies
    room = ROOM * size + SLACK
    limits = {resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_FSIZE: room}
    with suppress(OSError):  # only Linux tells how much memory the process has
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + room
    for name, most in limits.items():
        _, hard = resource.getrlimit(name)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))


def _reason(error: BaseException) -> str:
    """The reason why a file was not read, without torch's advice to read it anyway."""
    text = " ".join(printable(str(error)).split())
    if name := re.search(r"GLOBAL (\S+)", text):
        return f"it names {name[1]}, which is not a tensor"
    _, marker, reason = text.rpartition("WeightsUnpickler error: ")
    return (reason if marker else one_line(error))[:200]


if __name__ == "__main__":
    try:
        _convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except BaseException as error:
        sys.exit(_reason(error))
