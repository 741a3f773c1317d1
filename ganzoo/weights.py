"""Weights: safetensors with the same bytes each time, and the bytes that are hashed are loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor, nn

from ganzoo.errors import WeightsError
from ganzoo.files import read_plain, written_whole
from ganzoo.specs import FileRecord, Part, write_record
from ganzoo.tensorfile import parse, read_buffer, wrong_size

#: A safetensors file begins with its header's length, which may look like a pickle's start, and
#: then the header.
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_HEADER_START = b"{"


def tensor_bytes(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> bytes:
    """Serialise tensors; `about` becomes one metadata key of sorted JSON, so bytes are stable."""
    plain: dict[str, Tensor] = {}
    written: set[int] = set()
    for name, tensor in tensors.items():
        here = tensor.detach().cpu().contiguous()
        place = here.untyped_storage().data_ptr()
        plain[name] = here.clone() if place in written else here  # a layer under two names
        written.add(place)
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return safetensors.torch.save(plain, metadata={"ganzoo": text})


def save_weights(path: Path, module: nn.Module, part: Part) -> FileRecord:
    """Write a network's parameters and buffers, and say what was written."""
    about = {"format": 1, "part": part.name, "arguments": write_record(part.arguments)}
    data = tensor_bytes(module.state_dict(), about)
    with written_whole(path) as beside:
        beside.write_bytes(data)
    return FileRecord(hashlib.sha256(data).hexdigest(), len(data))


def read_tensors(path: Path, record: FileRecord | None = None) -> dict[str, Tensor]:
    """Read a safetensors file, holding it to its record; `WeightsError` says what is wrong."""
    _refuse_pickle(path)
    buffer = read_buffer(path, None if record is None else record.bytes)
    if record is not None:
        check_bytes(path, buffer, record)
    return parse(buffer, path)


def _refuse_pickle(path: Path) -> None:
    """Say what the file is, where it begins as a pickle does and not as a safetensors file."""
    start = b""
    with suppress(OSError):  # which is told when the file is read
        start = read_plain(path, 9)
    if start.startswith(_PICKLE_STARTS) and start[8:] != _HEADER_START:
        raise WeightsError(
            f"{path} is a pickle (a PyTorch checkpoint), which can run code and is never read; "
            "weights here are safetensors"
        )


def check_bytes(path: Path, buffer: Tensor, record: FileRecord) -> None:
    """Refuse bytes (uint8 [N]) that are not those of the record."""
    if len(buffer) != record.bytes:
        raise WeightsError(wrong_size(path, record.bytes, len(buffer)))
    found = hashlib.sha256(buffer.numpy().data).hexdigest()
    if found != record.sha256:
        raise WeightsError(
            f"{path}: sha256 {record.sha256} expected, {found} found; the file was altered or "
            "damaged, get the model folder again"
        )


def load_weights(
    path: Path, module: nn.Module, record: FileRecord | None = None, *, part: str = ""
) -> None:
    """Load a file into a network, all of it or nothing."""
    tensors = read_tensors(path, record)
    expected = module.state_dict()
    what = part or type(module).__name__
    for name, tensor in expected.items():
        if name not in tensors:
            raise WeightsError(f"{path} is of another network than {what}: {name!r} is missing")
        found = tensors[name]
        if found.shape != tensor.shape:
            raise WeightsError(
                f"{path} is of another network than {what}: {name!r} is {list(tensor.shape)} "
                f"there, {list(found.shape)} in the file"
            )
        if found.dtype != tensor.dtype:
            raise WeightsError(
                f"{path}: {name!r} is {found.dtype} in the file, {tensor.dtype} in {what}"
            )
    if extra := sorted(tensors.keys() - expected.keys()):
        raise WeightsError(f"{path} is of another network than {what}: {extra[0]!r} is not in it")
    module.load_state_dict(tensors, assign=True)  # takes the tensors over instead of copying
