"""The one door for weights that others saved with torch: tensors come through, nothing else does.

A PyTorch checkpoint is a pickle. A process of its own reads it with `weights_only=True`, which
admits tensors and plain containers, under limits of memory, time and file size, and hands over a
safetensors file; a checkpoint that is more than that, or too much, ends that process and not this.
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
#: Memory that the reader may use beyond what it has when it begins, as a multiple of the file.
ROOM = 4
SLACK = 1 << 30
DEPTH = 8


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: its tensors by dotted names, and the names of the mappings they lie in.

    `ordered` says that they come in the file's own order, which is that of its network's layers;
    a safetensors file keeps none.
    """

    tensors: dict[str, Tensor]
    groups: tuple[str, ...] = ()
    ordered: bool = False


def read_foreign(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or a PyTorch checkpoint, by dotted names.

    Raises `WeightsError` where the file is missing or is anything but weights.
    """
    return read_checkpoint(path).tensors


def read_checkpoint(path: Path) -> Checkpoint:
    """The same, with what is known of their order and of how they were nested."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing")
    if path.suffix == ".safetensors":
        return Checkpoint(read_tensors(path))
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
        out = Path(folder) / "tensors.safetensors"
        _convert_elsewhere(path, out)
        buffer = read_buffer(out)
        found, about = parse(buffer, out), metadata(buffer, out)
    return Checkpoint({name: found[name] for name in about["names"]}, tuple(about["groups"]), True)


def _convert_elsewhere(path: Path, out: Path) -> None:
    """Have a process of its own read a checkpoint and write its tensors."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "ganzoo.weights.untrusted",
        str(path.absolute()),
        str(out),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{path} was not read in {SECONDS} s; it is no usual file") from None
    if done.returncode != 0 or not out.is_file():
        said = done.stderr.strip().splitlines() or [f"the reader ended with {done.returncode}"]
        raise WeightsError(f"{path} holds more than weights, or is damaged: {said[-1][:300]}")


def flatten(data: object, path: str = "", depth: int = DEPTH) -> dict[str, Tensor]:
    """The tensors in nested mappings, by dotted names; what is no tensor is left out.

    Raises `WeightsError` where two get one name, of which only one could be taken.
    """
    if isinstance(data, Tensor):
        return {path: data}
    found: dict[str, Tensor] = {}
    if isinstance(data, dict) and depth > 0:
        for key, value in data.items():
            below = flatten(value, f"{path}.{key}" if path else str(key), depth - 1)
            if twice := found.keys() & below.keys():
                raise WeightsError(f"two of its tensors are named {brief(min(twice))}")
            found |= below
    return found


def groups(data: object, path: str = "", depth: int = DEPTH) -> list[str]:
    """The dotted names of nested mappings that hold tensors."""
    found: list[str] = []
    if isinstance(data, dict) and depth > 0:
        for key, value in data.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(value, dict) and flatten(value, depth=depth - 1):
                found += [name, *groups(value, name, depth - 1)]
    return found


def _convert(source: Path, target: Path) -> None:
    """In the process of its own: read, and write what is tensors."""
    _limit(source.stat().st_size)
    data = torch.load(source, map_location="cpu", weights_only=True)  # noqa: TID251
    tensors = flatten(data)
    if not tensors:
        raise ValueError("it holds no tensors")
    about = {"names": list(tensors), "groups": groups(data)}  # safetensors sorts by name
    plain = {name: _plain(tensor) for name, tensor in tensors.items()}
    save_file(plain, target, metadata={"ganzoo": json.dumps(about)})


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
    text = " ".join(printable(str(error)).split())
    if found := re.search(r"GLOBAL (\S+)", text):
        return f"it names {found[1]}, which is no tensor"
    _, told, reason = text.rpartition("WeightsUnpickler error: ")
    return (reason if told else one_line(error))[:200]


if __name__ == "__main__":
    try:
        _convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except BaseException as error:
        sys.exit(_reason(error))
